package io.jimg.vmdk.sparse;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.concurrent.atomic.AtomicIntegerArray;

/**
 * One grain table in memory. Read by anybody; changed, and its marks touched, under the lock of {@link GrainTables}.
 */
final class GrainTable {
    private static final int ENTRIES_PER_SECTOR = TableLayout.SECTOR / Integer.BYTES;

    private final int index;
    private final AtomicIntegerArray entries;
    /** A bit for each sector that the file does not have yet; tables have 32 sectors at most. */
    private int changed;

    GrainTable(int index, int[] entries) {
        this.index = index;
        this.entries = new AtomicIntegerArray(entries);
    }

    int index() {
        return index;
    }

    int length() {
        return entries.length();
    }

    int get(int entry) {
        return entries.get(entry);
    }

    void set(int entry, int sector) {
        entries.set(entry, sector);
        changed |= 1 << (entry / ENTRIES_PER_SECTOR);
    }

    boolean isChanged() {
        return changed != 0;
    }

    /** The sectors that changed since the last call. */
    int takeChanges() {
        int taken = changed;
        changed = 0;
        return taken;
    }

    /** Takes {@link #takeChanges} back. */
    void putBack(int changes) {
        changed |= changes;
    }

    /** The table's bytes now. */
    ByteBuffer bytes() {
        int sectors = (length() + ENTRIES_PER_SECTOR - 1) / ENTRIES_PER_SECTOR;
        ByteBuffer bytes = ByteBuffer.allocate(sectors * TableLayout.SECTOR).order(ByteOrder.LITTLE_ENDIAN);
        for (int i = 0; i < length(); i++) {
            bytes.putInt(entries.get(i));
        }
        return bytes.clear();
    }
}
