package io.jimg.qcow2.create;

import java.io.IOException;

/**
 * Packs compressed clusters byte by byte one after another, across cluster boundaries where the next cluster is free
 * too (specification: "Compressed Clusters Descriptor"). A host cluster that several of them touch is counted once for
 * each. For one thread.
 */
final class CompressedPacker {
    private static final long NONE = 0;

    private final AppendCursor cursor;
    private final RefcountBuilder refcounts;
    private final int clusterBits;

    /** First host byte that the last stream left in its cluster. */
    private long free = NONE;

    CompressedPacker(AppendCursor cursor, RefcountBuilder refcounts, int clusterBits) {
        this.cursor = cursor;
        this.refcounts = refcounts;
        this.clusterBits = clusterBits;
    }

    /** The first cluster whose count may still change: the one with room left, or the append position. */
    long firstOpenCluster() {
        return free == NONE ? cursor.position() : free >>> clusterBits;
    }

    /**
     * Finds room for a stream.
     *
     * @param length bytes, at least 1 and fewer than a cluster has
     * @return host offset of its first byte
     */
    long place(int length) throws IOException {
        int clusterSize = 1 << clusterBits;
        if (free != NONE && refcounts.count(free >>> clusterBits) == refcounts.maximum()) {
            free = NONE;
        }
        long left = free == NONE ? 0 : clusterSize - (free & (clusterSize - 1));
        long host;
        if (left >= length) {
            host = free;
            refcounts.add(host >>> clusterBits, 1);
        } else if (left > 0 && cursor.upcoming() == (free >>> clusterBits) + 1) {
            host = free;
            refcounts.add(host >>> clusterBits, 1);
            cursor.take(1);
        } else {
            host = cursor.take(1) << clusterBits;
        }
        free = host + length;
        if ((free & (clusterSize - 1)) == 0) {
            free = NONE;
        }
        return host;
    }
}
