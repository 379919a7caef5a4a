package io.jimg.vmdk.sparse;

import io.jimg.ErrorKind;
import io.jimg.ImageException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * The header of a copy-on-write extent of ESX Server ("Virtual Disk Format 1.1", ESX Server Sparse Extents). Offsets
 * are in sectors of 512 bytes from the start of the file.
 *
 * @param capacity guest sectors
 * @param grainSectors guest sectors in a grain
 * @param directory where the grain directory lies
 * @param directoryEntries entries of the grain directory
 * @param unclean whether the extent was not closed after it was written
 */
record CowdHeader(long capacity, long grainSectors, long directory, long directoryEntries, boolean unclean) {

    /** The first four bytes: "COWD", read in the format's byte order. */
    static final int MAGIC = 0x44574F43;

    /** Bytes in a header. */
    static final int LENGTH = 2048;

    /** Entries in a grain table. */
    static final int TABLE_ENTRIES = 4096;

    private static final int UNCLEAN = 1648;
    private static final long LARGEST_GRAIN = 1 << 17;

    /**
     * Reads and checks a header.
     *
     * @throws ImageException {@link ErrorKind#UNSUPPORTED} or {@link ErrorKind#CORRUPT}
     */
    static CowdHeader read(ByteBuffer bytes, String resource) throws ImageException {
        ByteBuffer in = bytes.duplicate().order(ByteOrder.LITTLE_ENDIAN);
        if (in.getInt(4) != 1) {
            throw fail(
                    ErrorKind.UNSUPPORTED,
                    "Unsupported COWD version " + Integer.toUnsignedString(in.getInt(4)),
                    resource);
        }
        CowdHeader header = new CowdHeader(
                Integer.toUnsignedLong(in.getInt(12)),
                Integer.toUnsignedLong(in.getInt(16)),
                Integer.toUnsignedLong(in.getInt(20)),
                Integer.toUnsignedLong(in.getInt(24)),
                in.getInt(UNCLEAN) != 0);
        if (header.grainSectors == 0
                || header.grainSectors > LARGEST_GRAIN
                || Long.bitCount(header.grainSectors) != 1) {
            throw fail(ErrorKind.CORRUPT, "Invalid granularity, image may be corrupt", resource);
        }
        long perTable = header.grainSectors * TABLE_ENTRIES;
        if (header.directoryEntries > GrainTables.MOST_DIRECTORY_ENTRIES) {
            throw fail(ErrorKind.LIMIT, "L1 size too big", resource);
        }
        if (header.capacity > perTable * header.directoryEntries) {
            throw fail(
                    ErrorKind.CORRUPT,
                    "The grain directory has " + header.directoryEntries + " entries, too few for " + header.capacity
                            + " sectors",
                    resource);
        }
        return header;
    }

    private static ImageException fail(ErrorKind kind, String sentence, String resource) {
        return new ImageException(kind, sentence, resource, ImageException.NO_OFFSET, null);
    }

    TableLayout layout() {
        return new TableLayout(
                (int) (grainSectors * TableLayout.SECTOR), TABLE_ENTRIES, (int) directoryEntries, false, false);
    }
}
