package io.jimg.vmdk.sparse;

import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.storage.Storage;
import io.jimg.vmdk.extent.Beneath;
import java.io.IOException;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/** Opens extents of grains: reads their headers and directories. The file stays the caller's. */
public final class SparseExtents {
    private static final int SECTOR = TableLayout.SECTOR;

    /** An extent of which nothing is known. */
    private static final GrainMap NOTHING = (grain, count) -> new GrainRun(GrainRun.Kind.ABSENT, 0, count);

    /** What an extent is opened for. */
    public enum Access {
        /** To be read. */
        READ,
        /** To be written. */
        WRITE,
        /**
         * To be written once it is repaired: where its tables are damaged it opens all the same, and is not written.
         */
        REPAIR
    }

    private SparseExtents() {}

    /** Whether a file begins as a copy-on-write extent of ESX Server. */
    public static boolean looksLikeCowd(ByteBuffer head) {
        return head.remaining() >= 4
                && head.duplicate().order(java.nio.ByteOrder.LITTLE_ENDIAN).getInt() == CowdHeader.MAGIC;
    }

    /** Reads the header of a hosted sparse extent. */
    public static SparseHeader readHeader(Storage file) throws IOException {
        ByteBuffer head = ByteBuffer.allocate(SparseHeader.LENGTH);
        file.read(head, 0);
        head.flip();
        if (!SparseHeader.looksLikeOne(head)) {
            throw new ImageException(
                    ErrorKind.CORRUPT, "The extent has no header of a sparse file", file.name(), 0, null);
        }
        return SparseHeader.read(head, file.name());
    }

    /**
     * Opens a hosted sparse extent.
     *
     * @param first the file's header
     * @param access what it is opened for
     * @param codec for compressed grains; stays the caller's
     * @param budget for the grain directory and its copy
     */
    public static SparseExtent hosted(
            Storage file, SparseHeader first, Beneath beneath, Access access, GrainCodec codec, TableBudget budget)
            throws IOException {
        boolean writable = access != Access.READ;
        if (access == Access.REPAIR && unfinished(file, first)) {
            first.check(file.name());
            return new SparseExtent(
                    file, first.size(), first.grainSize(), NOTHING, beneath, null, null, first.uncleanShutdown());
        }
        SparseHeader header = first.directory() == SparseHeader.DIRECTORY_AT_END ? footer(file) : first;
        header.check(file.name());
        long fileSize = file.size();
        if (!header.compressed() && header.overhead() > 0 && header.overhead() > (fileSize + SECTOR - 1) / SECTOR) {
            throw new ImageException(
                    ErrorKind.CORRUPT,
                    "File truncated, expecting at least " + header.overhead() * SECTOR + " bytes",
                    file.name(),
                    fileSize,
                    null);
        }
        budget.reserve(header.directoryEntries() * Integer.BYTES * (header.redundant() ? 2 : 1));
        if (header.compressed()) {
            budget.checkGrain(header.grainSize());
        }
        TableLayout layout = layout(header);
        GrainDirectory directory = GrainDirectory.read(
                file, layout, bytes(header.directory()), header.redundant() ? bytes(header.redundantDirectory()) : -1);
        if (directory == null) {
            throw new ImageException(
                    ErrorKind.CORRUPT, "The grain directory lies past the end of the file", file.name(), -1, null);
        }
        if (header.compressed()) {
            GrainTables tables = new GrainTables(file, layout, directory, null, fileSize);
            CompressedGrains grains = new CompressedGrains(file, codec, header.grainSize(), header.markers());
            return new SparseExtent(
                    file, header.size(), header.grainSize(), tables, beneath, grains, null, header.uncleanShutdown());
        }
        if (!writable) {
            GrainTables tables = new GrainTables(file, layout, directory, null, fileSize);
            return new SparseExtent(
                    file, header.size(), header.grainSize(), tables, beneath, null, null, header.uncleanShutdown());
        }
        if (header.version() == 3 && access == Access.WRITE) {
            throw new ImageException(ErrorKind.READ_ONLY, "VMDK version 3 must be read only", file.name(), -1, null);
        }
        boolean sound = directory.sound(fileSize);
        if ((!sound || header.version() == 3) && access == Access.REPAIR) {
            GrainTables tables = new GrainTables(file, layout, directory, null, fileSize);
            return new SparseExtent(
                    file, header.size(), header.grainSize(), tables, beneath, null, null, header.uncleanShutdown());
        }
        if (!sound) {
            throw new ImageException(
                    ErrorKind.CORRUPT,
                    "The grain directory is damaged; the extent cannot be opened read/write before it is repaired",
                    file.name(),
                    -1,
                    null);
        }
        HostSpace space = new HostSpace(file.name(), fileSize, header.grainSize());
        GrainTables tables = new GrainTables(file, layout, directory, space, fileSize);
        GrainWriter writer = new GrainWriter(
                file,
                header.size(),
                layout,
                tables,
                space,
                beneath,
                new CleanMark(file, SparseHeader.UNCLEAN_BYTE, header.uncleanShutdown()));
        return new SparseExtent(file, header.size(), header.grainSize(), tables, beneath, null, writer, false);
    }

    static TableLayout layout(SparseHeader header) {
        return new TableLayout(
                header.grainSize(),
                header.tableEntries(),
                (int) header.directoryEntries(),
                header.zeroedGrains(),
                header.compressed());
    }

    /** Bytes of a number of sectors; negative where the number makes no sense. */
    static long bytes(long sectors) {
        return sectors <= 0 || sectors > Long.MAX_VALUE / SECTOR ? -1 : sectors * SECTOR;
    }

    private static boolean unfinished(Storage file, SparseHeader header) throws IOException {
        return header.directory() == SparseHeader.DIRECTORY_AT_END && findFooter(file) == null;
    }

    private static SparseHeader footer(Storage file) throws IOException {
        SparseHeader footer = findFooter(file);
        if (footer == null) {
            throw new ImageException(
                    ErrorKind.CORRUPT,
                    "The stream has no footer: the file was not written to its end",
                    file.name(),
                    ImageException.NO_OFFSET,
                    null);
        }
        if (footer.directory() == SparseHeader.DIRECTORY_AT_END) {
            throw new ImageException(
                    ErrorKind.CORRUPT,
                    "The footer does not say where the grain directory is",
                    file.name(),
                    ImageException.NO_OFFSET,
                    null);
        }
        return footer;
    }

    /**
     * The footer: the last sector but one, before the marker that ends the stream ("Virtual Disk Format 1.1",
     * Stream-Optimized Compressed Sparse Extents); null where there is none.
     */
    static @Nullable SparseHeader findFooter(Storage file) throws IOException {
        ByteBuffer sector = ByteBuffer.allocate(SparseHeader.LENGTH);
        long place = file.size() - 2 * SECTOR;
        if (place < SECTOR) {
            return null;
        }
        file.read(sector, place);
        sector.clear();
        return SparseHeader.looksLikeOne(sector) ? SparseHeader.read(sector, file.name()) : null;
    }

    /** Reads the header of a copy-on-write extent of ESX Server. */
    static CowdHeader readCowdHeader(Storage file) throws IOException {
        ByteBuffer head = ByteBuffer.allocate(CowdHeader.LENGTH);
        file.read(head, 0);
        head.flip();
        if (!looksLikeCowd(head)) {
            throw new ImageException(
                    ErrorKind.CORRUPT, "The extent has no header of a COWD file", file.name(), 0, null);
        }
        return CowdHeader.read(head, file.name());
    }

    /** Opens a copy-on-write extent of ESX Server; it is not written. */
    public static SparseExtent cowd(Storage file, Beneath beneath, TableBudget budget) throws IOException {
        CowdHeader header = readCowdHeader(file);
        budget.reserve(header.directoryEntries() * Integer.BYTES);
        GrainDirectory directory = GrainDirectory.read(file, header.layout(), bytes(header.directory()), -1);
        if (directory == null) {
            throw new ImageException(
                    ErrorKind.CORRUPT, "The grain directory lies past the end of the file", file.name(), -1, null);
        }
        GrainTables tables = new GrainTables(file, header.layout(), directory, null, file.size());
        return plain(file, header.capacity(), header.layout().grainSize(), tables, beneath, header.unclean());
    }

    /** Opens a space-efficient sparse extent; it is not written. */
    public static SparseExtent seSparse(Storage file, Beneath beneath, TableBudget budget) throws IOException {
        ByteBuffer head = ByteBuffer.allocate(SeSparseHeader.LENGTH);
        file.read(head, 0);
        SeSparseHeader header = SeSparseHeader.read(head.flip(), file.name());
        budget.reserve(header.directoryEntries() * Long.BYTES);
        ByteBuffer second = ByteBuffer.allocate(SECTOR);
        file.read(second, SeSparseHeader.volatileOffset(head));
        SeSparseHeader.checkVolatile(second.flip(), file.name());
        return plain(file, header.capacity(), header.grainSize(), SeSparseTables.open(file, header), beneath, false);
    }

    private static SparseExtent plain(
            Storage file, long sectors, int grainSize, GrainMap map, Beneath beneath, boolean unclean) {
        return new SparseExtent(file, sectors * SECTOR, grainSize, map, beneath, null, null, unclean);
    }
}
