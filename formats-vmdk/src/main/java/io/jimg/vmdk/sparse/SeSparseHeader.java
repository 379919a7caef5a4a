package io.jimg.vmdk.sparse;

import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.vmdk.sparse.MetadataMap.Area;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;

/**
 * The constant header of a space-efficient sparse extent, as ESXi 6.5 and newer write snapshots. VMware publishes no
 * specification; the fields are as observed. All have 64 bits, and offsets and sizes are in sectors of 512 bytes.
 *
 * @param capacity guest sectors
 * @param grainSectors guest sectors in a grain
 * @param tableSectors sectors of a grain table
 * @param directory where the grain directory lies
 * @param directorySectors how long it is
 * @param tables where the grain tables lie
 * @param grains where the grains lie
 */
record SeSparseHeader(
        long capacity,
        long grainSectors,
        long tableSectors,
        long directory,
        long directorySectors,
        long tables,
        long grains) {

    /** The first eight bytes. */
    static final long MAGIC = 0xCAFEBABEL;

    /** The name of the area that holds tables. */
    static final String TABLES = "the grain tables";

    /** The name of the area that holds grains. */
    static final String GRAINS = "the grains";

    private static final long VERSION = 0x0000000200000001L;
    private static final long VOLATILE_MAGIC = 0xCAFECAFEL;
    private static final int SECTOR = TableLayout.SECTOR;

    /** The only sizes that ESXi writes. */
    private static final long GRAIN_SECTORS = 8;

    private static final long TABLE_SECTORS = 64;

    private static final int FIRST_AREA = 80;
    private static final String[] AREAS = {
        "the volatile header",
        "the journal's header",
        "the journal",
        "the grain directory",
        TABLES,
        "the free bitmap",
        "the back map",
        GRAINS
    };

    /** Bytes to be read. */
    static final int LENGTH = 512;

    /** Where the volatile header lies, whose flag tells of a journal to be replayed. */
    private static long volatileHeader(ByteBuffer in) {
        return in.getLong(80);
    }

    /**
     * Reads and checks a header.
     *
     * @throws ImageException {@link ErrorKind#UNSUPPORTED} or {@link ErrorKind#CORRUPT}
     */
    static SeSparseHeader read(ByteBuffer bytes, String resource) throws ImageException {
        ByteBuffer in = bytes.duplicate().order(ByteOrder.LITTLE_ENDIAN);
        if (in.getLong(0) != MAGIC) {
            throw fail(ErrorKind.CORRUPT, "The extent has no header of a seSparse file", resource);
        }
        if (in.getLong(8) != VERSION) {
            throw fail(
                    ErrorKind.UNSUPPORTED, "Unsupported seSparse version " + Long.toHexString(in.getLong(8)), resource);
        }
        SeSparseHeader header = new SeSparseHeader(
                in.getLong(16),
                in.getLong(24),
                in.getLong(32),
                in.getLong(128),
                in.getLong(136),
                in.getLong(144),
                in.getLong(192));
        if (header.grainSectors != GRAIN_SECTORS || header.tableSectors != TABLE_SECTORS) {
            throw fail(
                    ErrorKind.UNSUPPORTED,
                    "Unsupported grain size " + header.grainSectors + " or grain table size " + header.tableSectors,
                    resource);
        }
        if (header.capacity < 0 || header.capacity > Long.MAX_VALUE / SECTOR) {
            throw fail(ErrorKind.LIMIT, "L1 size too big", resource);
        }
        long needed = header.directoryEntries() * Long.BYTES;
        if (needed > GrainTables.MOST_DIRECTORY_ENTRIES * 8L) {
            throw fail(ErrorKind.LIMIT, "L1 size too big", resource);
        }
        if (header.directorySectors < 0
                || header.directorySectors > Long.MAX_VALUE / SECTOR
                || needed > header.directorySectors * SECTOR) {
            throw fail(ErrorKind.CORRUPT, "The grain directory is too short for the capacity", resource);
        }
        for (long place : new long[] {header.directory, header.tables, header.grains, volatileHeader(in)}) {
            if (place <= 0 || place > Long.MAX_VALUE / SECTOR / 2) {
                throw fail(ErrorKind.CORRUPT, "The header points to sector " + Long.toUnsignedString(place), resource);
            }
        }
        return header;
    }

    /** Where the volatile header lies, in bytes. */
    static long volatileOffset(ByteBuffer bytes) {
        return volatileHeader(bytes.duplicate().order(ByteOrder.LITTLE_ENDIAN)) * SECTOR;
    }

    /**
     * What the header says there is in the file. A place of no length is none.
     *
     * @throws ImageException {@link ErrorKind#CORRUPT} where a number makes no sense
     */
    static List<Area> areas(ByteBuffer bytes, String resource) throws ImageException {
        ByteBuffer in = bytes.duplicate().order(ByteOrder.LITTLE_ENDIAN);
        List<Area> areas = new ArrayList<>();
        areas.add(new Area("the header", 0, 1));
        for (int i = 0; i < AREAS.length; i++) {
            long first = in.getLong(FIRST_AREA + i * 2 * Long.BYTES);
            long sectors = in.getLong(FIRST_AREA + i * 2 * Long.BYTES + Long.BYTES);
            if (first < 0 || sectors < 0 || first > Long.MAX_VALUE / SECTOR - sectors) {
                throw fail(
                        ErrorKind.CORRUPT,
                        "The header gives " + AREAS[i] + " " + Long.toUnsignedString(sectors) + " sectors from sector "
                                + Long.toUnsignedString(first),
                        resource);
            }
            if (sectors > 0) {
                areas.add(new Area(AREAS[i], first, first + sectors));
            }
        }
        return areas;
    }

    /** Refuses an extent whose journal holds what the tables do not have yet. */
    static void checkVolatile(ByteBuffer bytes, String resource) throws ImageException {
        ByteBuffer in = bytes.duplicate().order(ByteOrder.LITTLE_ENDIAN);
        if (in.getLong(0) != VOLATILE_MAGIC) {
            throw fail(ErrorKind.CORRUPT, "The extent's volatile header is damaged", resource);
        }
        if (in.get(24) != 0) {
            throw fail(ErrorKind.UNSUPPORTED, "Image is dirty, Replaying journal not supported", resource);
        }
    }

    private static ImageException fail(ErrorKind kind, String sentence, String resource) {
        return new ImageException(kind, sentence, resource, ImageException.NO_OFFSET, null);
    }

    int tableEntries() {
        return (int) (tableSectors * SECTOR / Long.BYTES);
    }

    int grainSize() {
        return (int) (grainSectors * SECTOR);
    }

    long directoryEntries() {
        long perTable = grainSectors * tableEntries();
        return (capacity + perTable - 1) / perTable;
    }
}
