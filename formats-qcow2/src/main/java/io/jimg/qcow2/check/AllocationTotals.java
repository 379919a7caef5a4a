package io.jimg.qcow2.check;

/** How many guest clusters of the active tables are allocated, in pieces and compressed. Not safe for threads. */
final class AllocationTotals {
    private long allocated;
    private long fragmented;
    private long compressed;

    /** Adds what one L2 table holds, which so many entries of the active L1 table refer to. */
    void add(AllocationTotals table, long times) {
        allocated += table.allocated * times;
        fragmented += table.fragmented * times;
        compressed += table.compressed * times;
    }

    /** A compressed cluster, which counts as a fragment. */
    void compressedCluster() {
        allocated++;
        compressed++;
        fragmented++;
    }

    /**
     * A standard cluster with a host cluster.
     *
     * @param follows whether it lies behind its predecessor on the host
     */
    void standardCluster(boolean follows) {
        allocated++;
        if (!follows) {
            fragmented++;
        }
    }

    long allocated() {
        return allocated;
    }

    long fragmented() {
        return fragmented;
    }

    long compressed() {
        return compressed;
    }
}
