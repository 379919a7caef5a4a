package io.jimg.qcow2.allocation;

import java.util.stream.LongStream;

/**
 * Numbers of host clusters, greater than zero. Looked at by many threads without a lock; a change shows to them when
 * they next synchronise with the thread that made it. Changed by one thread at a time.
 */
final class ClusterSet {
    private static final int LEAST = 16;
    private static final long EMPTY = 0;
    private static final long REMOVED = -1;

    private volatile long[] slots = new long[LEAST];
    /** Slots that are not {@link #EMPTY}. */
    private int used;

    /** Adds all numbers but zeroes. */
    void addAll(LongStream clusters) {
        clusters.filter(cluster -> cluster > 0).forEach(this::add);
    }

    /** Adds a number. */
    void add(long cluster) {
        if (!contains(cluster)) {
            if (used >= slots.length / 2) {
                rehash();
            }
            put(slots, cluster);
            used++;
        }
    }

    /** Removes a number; tells whether it was there. */
    boolean remove(long cluster) {
        int slot = find(slots, cluster);
        if (slot < 0) {
            return false;
        }
        slots[slot] = REMOVED;
        return true;
    }

    /** Whether a number is there. */
    boolean contains(long cluster) {
        return find(slots, cluster) >= 0;
    }

    /** Whether any of some numbers in a row is there. */
    boolean containsAny(long first, long end) {
        long[] present = slots;
        for (long cluster = first; cluster < end; cluster++) {
            if (find(present, cluster) >= 0) {
                return true;
            }
        }
        return false;
    }

    private void rehash() {
        long[] old = slots;
        int count = 0;
        for (long each : old) {
            count += each > 0 ? 1 : 0;
        }
        long[] fresh = new long[Math.max(LEAST, Integer.highestOneBit(count + 1) * 4)];
        for (long each : old) {
            if (each > 0) {
                put(fresh, each);
            }
        }
        used = count;
        slots = fresh;
    }

    private static void put(long[] slots, long cluster) {
        int at = home(slots, cluster);
        while (slots[at] > 0) {
            at = (at + 1) & (slots.length - 1);
        }
        slots[at] = cluster;
    }

    private static int find(long[] slots, long cluster) {
        for (int at = home(slots, cluster); slots[at] != EMPTY; at = (at + 1) & (slots.length - 1)) {
            if (slots[at] == cluster) {
                return at;
            }
        }
        return -1;
    }

    private static int home(long[] slots, long cluster) {
        long mixed = cluster * 0x9E37_79B9_7F4A_7C15L;
        return (int) (mixed >>> 32) & (slots.length - 1);
    }
}
