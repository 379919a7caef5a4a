package io.jimg.vmdk.sparse;

import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.storage.Storage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * Makes a hosted sparse extent larger: new directories, with what the old ones hold and the places of new tables, are
 * appended to the file, and the header's one sector changes from the old extent to the new one. Power loss leaves one
 * or the other.
 */
public final class SparseGrowth {
    private static final int SECTOR = TableLayout.SECTOR;

    private final Storage file;
    private final SparseHeader header;
    private final SparseHeader grown;
    private final TableLayout layout;

    private SparseGrowth(Storage file, SparseHeader header, SparseHeader grown) {
        this.file = file;
        this.header = header;
        this.grown = grown;
        this.layout = SparseExtents.layout(grown);
    }

    /**
     * Grows an extent that nobody uses, and whose tables are all in the file.
     *
     * @param capacity guest sectors, more than there are
     * @throws ImageException {@link ErrorKind#LIMIT} or {@link ErrorKind#UNSUPPORTED}
     */
    public static void run(Storage file, long capacity) throws IOException {
        SparseHeader header = SparseExtents.readHeader(file);
        if (header.compressed()) {
            throw new ImageException(
                    ErrorKind.UNSUPPORTED, "A stream-optimised disk cannot be resized", file.name(), -1, null);
        }
        SparseHeader grown = header.withCapacity(capacity);
        grown.check(file.name());
        new SparseGrowth(file, header, grown).run();
    }

    private void run() throws IOException {
        int before = (int) header.directoryEntries();
        int after = (int) grown.directoryEntries();
        SparseHeader result = grown;
        if (after > before) {
            long place = (file.size() + SECTOR - 1) & -SECTOR;
            long redundant = 0;
            if (header.redundant()) {
                redundant = place / SECTOR;
                place = append(place, header.redundantDirectory(), before, after);
            }
            long first = place / SECTOR;
            append(place, header.directory(), before, after);
            result = grown.withDirectories(redundant == 0 ? header.redundantDirectory() : redundant, first);
            file.flush();
        }
        // The mark that says whether the extent is in use stays as it is.
        file.write(result.bytes(), 0);
        file.flush();
    }

    /** Appends a directory and the new tables that it points to; gives the first byte after them. */
    private long append(long place, long oldDirectory, int before, int after) throws IOException {
        long tables = place + layout.directoryBytes();
        long end = tables + (long) (after - before) * layout.tableBytes();
        if (end / SECTOR > 1L << 32) {
            throw new ImageException(
                    ErrorKind.NO_SPACE,
                    "No space left on device: the extent's file cannot be larger than 2 TiB",
                    file.name(),
                    place,
                    null);
        }
        ByteBuffer directory =
                ByteBuffer.allocate(Math.toIntExact(layout.directoryBytes())).order(ByteOrder.LITTLE_ENDIAN);
        file.read(directory.limit(before * Integer.BYTES), oldDirectory * SECTOR);
        directory.limit(directory.capacity());
        for (int i = before; i < after; i++) {
            directory.putInt((int) ((tables + (long) (i - before) * layout.tableBytes()) / SECTOR));
        }
        file.truncate(end);
        file.write(directory.clear(), place);
        return end;
    }
}
