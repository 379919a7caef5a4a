package io.jimg.qcow2.check;

import io.jimg.ImageException;

/**
 * How many L1 entries refer to each L2 table, of all L1 tables and of the active one, and whether it was scanned: a
 * hash table without an object for each entry. Not safe for threads.
 */
final class TableWeights {
    private static final int ENTRY = Long.BYTES + 2 * Integer.BYTES;

    private final MemoryBudget budget;
    private long[] keys;
    private int[] total;
    private int[] active;
    private int used;

    TableWeights(MemoryBudget budget) throws ImageException {
        this.budget = budget;
        int initial = 1 << 10;
        budget.reserve((long) initial * ENTRY);
        keys = new long[initial];
        total = new int[initial];
        active = new int[initial];
    }

    /**
     * Counts references to the table at a host offset; 2^31-1 of them at most, which no refcount of a sound image
     * reaches.
     */
    void add(long tableOffset, long times, boolean fromActive) throws ImageException {
        if (used >= keys.length / 4 * 3) {
            grow();
        }
        int slot = slot(keys, tableOffset);
        if (keys[slot] == 0) {
            keys[slot] = tableOffset + 1;
            used++;
        }
        total[slot] = (int) Math.min(Integer.MAX_VALUE, total[slot] + times);
        if (fromActive) {
            active[slot] += (int) times;
        }
    }

    /** How many entries of all L1 tables refer to a table; 0 once it was taken. */
    long total(long tableOffset) {
        return total[slot(keys, tableOffset)];
    }

    /** How many entries of the active L1 table refer to a table. */
    long active(long tableOffset) {
        return active[slot(keys, tableOffset)];
    }

    /** Marks a table as scanned. */
    void take(long tableOffset) {
        total[slot(keys, tableOffset)] = 0;
    }

    private void grow() throws ImageException {
        budget.reserve((long) keys.length * 2 * ENTRY);
        long[] newKeys = new long[keys.length * 2];
        int[] newTotal = new int[newKeys.length];
        int[] newActive = new int[newKeys.length];
        for (int i = 0; i < keys.length; i++) {
            if (keys[i] != 0) {
                int slot = slot(newKeys, keys[i] - 1);
                newKeys[slot] = keys[i];
                newTotal[slot] = total[i];
                newActive[slot] = active[i];
            }
        }
        budget.release((long) keys.length * ENTRY);
        keys = newKeys;
        total = newTotal;
        active = newActive;
    }

    /** The slot that holds a key, or the free one where it belongs. Keys are stored plus one, so that 0 is free. */
    private static int slot(long[] table, long key) {
        long mixed = (key >>> 9) * 0x9E3779B97F4A7C15L;
        int slot = (int) (mixed >>> 32) & (table.length - 1);
        while (table[slot] != 0 && table[slot] != key + 1) {
            slot = (slot + 1) & (table.length - 1);
        }
        return slot;
    }
}
