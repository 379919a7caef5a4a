package io.jimg.vmdk.sparse;

import io.jimg.storage.Storage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.concurrent.atomic.AtomicIntegerArray;
import org.jspecify.annotations.Nullable;

/**
 * The grain directory and its copy: where the tables lie. Entries that point out of the file are damaged; where the
 * copy's entry does not, it is used instead. Changed under the lock of {@link GrainTables} alone.
 */
final class GrainDirectory {
    private static final int PIECE = 64 << 10;

    /**
     * Where the entry 1 would point, which stands for zeroes where the format has such entries; the header's neighbour
     * is no table's place in any case.
     */
    private static final long SECTOR_ONE = TableLayout.SECTOR;

    private final TableLayout layout;
    private final long offset;
    private final long redundantOffset;
    private final AtomicIntegerArray entries;
    private final @Nullable AtomicIntegerArray redundant;
    /** Whether the directory itself lies in the file; otherwise its copy stands in for it. */
    private final boolean first;

    private GrainDirectory(
            TableLayout layout,
            long offset,
            long redundantOffset,
            AtomicIntegerArray entries,
            @Nullable AtomicIntegerArray redundant,
            boolean first) {
        this.layout = layout;
        this.offset = offset;
        this.redundantOffset = redundantOffset;
        this.entries = entries;
        this.redundant = redundant;
        this.first = first;
    }

    /**
     * Reads both.
     *
     * @param offset where the directory lies, in bytes; negative where it is not to be used
     * @param redundantOffset where its copy lies; negative where there is none
     * @return null where neither lies in the file
     */
    static @Nullable GrainDirectory read(Storage file, TableLayout layout, long offset, long redundantOffset)
            throws IOException {
        AtomicIntegerArray own = readEntries(file, layout, offset);
        AtomicIntegerArray copy = readEntries(file, layout, redundantOffset);
        if (own == null) {
            return copy == null ? null : new GrainDirectory(layout, redundantOffset, -1, copy, null, false);
        }
        return new GrainDirectory(layout, offset, copy == null ? -1 : redundantOffset, own, copy, true);
    }

    private static @Nullable AtomicIntegerArray readEntries(Storage file, TableLayout layout, long offset)
            throws IOException {
        long length = (long) layout.tables() * Integer.BYTES;
        if (offset < 0 || offset > file.size() - length) {
            return null;
        }
        int[] entries = new int[layout.tables()];
        ByteBuffer piece = ByteBuffer.allocate((int) Math.min(PIECE, Math.max(Integer.BYTES, length)))
                .order(ByteOrder.LITTLE_ENDIAN);
        for (int done = 0; done < entries.length; ) {
            int count = Math.min(piece.capacity() / Integer.BYTES, entries.length - done);
            file.read(piece.clear().limit(count * Integer.BYTES), offset + (long) done * Integer.BYTES);
            piece.flip().asIntBuffer().get(entries, done, count);
            done += count;
        }
        return new AtomicIntegerArray(entries);
    }

    /**
     * Where a table lies, in bytes: 0 for none, {@link TableLayout#SECTOR} for one of zeroes where the format has such.
     *
     * @param fileSize bytes of the file, to tell damage by
     * @return negative where the entry, and the copy's too, points out of the file
     */
    long table(int index, long fileSize) {
        long own = offsetOf(entries.get(index));
        if (own != 0 && inside(own, fileSize)) {
            return own;
        }
        long copy = redundantTable(index);
        if (copy > SECTOR_ONE && inside(copy, fileSize)) {
            return copy;
        }
        return own == 0 ? 0 : -1;
    }

    /** Where the copy of a table lies, in bytes; 0 where there is none. */
    long redundantTable(int index) {
        AtomicIntegerArray copy = redundant;
        return copy == null ? 0 : offsetOf(copy.get(index));
    }

    /** Where a table lies by the first directory's entry alone, in bytes. */
    long firstTable(int index) {
        return offsetOf(entries.get(index));
    }

    /**
     * Whether the directory lies in the file, every entry, and the copy's, points into the file, and both agree on
     * which tables there are.
     */
    boolean sound(long fileSize) {
        if (!first) {
            return false;
        }
        for (int i = 0; i < entries.length(); i++) {
            long own = firstTable(i);
            long copy = redundant == null ? own : redundantTable(i);
            if (!inside(own, fileSize) || !inside(copy, fileSize) || (own > SECTOR_ONE) != (copy > SECTOR_ONE)) {
                return false;
            }
        }
        return true;
    }

    boolean hasCopy() {
        return redundant != null;
    }

    private boolean inside(long table, long fileSize) {
        return (layout.zeroedGrains() && table == SECTOR_ONE) || table <= fileSize - layout.tableEntries() * 4L;
    }

    private static long offsetOf(int entry) {
        return Integer.toUnsignedLong(entry) * TableLayout.SECTOR;
    }

    /** Sets both entries in memory; {@link #write} brings them to the file. */
    void set(int index, long table, long redundantTable) {
        entries.set(index, (int) (table / TableLayout.SECTOR));
        AtomicIntegerArray copy = redundant;
        if (copy != null) {
            copy.set(index, (int) (redundantTable / TableLayout.SECTOR));
        }
    }

    /** Writes the sector of the copy and of the directory that has an entry. */
    void write(Storage file, int index) throws IOException {
        AtomicIntegerArray copy = redundant;
        if (copy != null) {
            writeSector(file, copy, redundantOffset, index);
        }
        writeSector(file, entries, offset, index);
    }

    private static void writeSector(Storage file, AtomicIntegerArray from, long at, int index) throws IOException {
        int perSector = TableLayout.SECTOR / Integer.BYTES;
        int first = index / perSector * perSector;
        int count = Math.min(perSector, from.length() - first);
        ByteBuffer bytes = ByteBuffer.allocate(count * Integer.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        for (int i = 0; i < count; i++) {
            bytes.putInt(from.get(first + i));
        }
        file.write(bytes.flip(), at + (long) first * Integer.BYTES);
    }
}
