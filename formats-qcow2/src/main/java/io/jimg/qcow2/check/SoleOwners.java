package io.jimg.qcow2.check;

import io.jimg.qcow2.header.Header;
import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * Which clusters have a refcount of exactly one, as the COPIED flags must say. Loaded once from the blocks, a bit a
 * cluster; what is odd (past the file's end, in a block that two entries name) is read one by one. Not safe for
 * threads.
 */
final class SoleOwners {
    private final RefcountTable table;
    private final ClusterFlags ones;
    private final long clusters;
    private final int blockBits;

    private SoleOwners(RefcountTable table, ClusterFlags ones, long clusters, int blockBits) {
        this.table = table;
        this.ones = ones;
        this.clusters = clusters;
        this.blockBits = blockBits;
    }

    /**
     * Reads all refcount blocks.
     *
     * @param clusters host clusters of the file
     */
    static SoleOwners load(
            Header header, RefcountTable table, long clusters, MemoryBudget budget, MetadataReader reader)
            throws IOException {
        ClusterFlags ones = new ClusterFlags(budget);
        int order = header.refcountOrder();
        int blockBits = header.refcountBlockBits();
        for (int i = 0; i < table.size() && (long) i << blockBits < clusters; i++) {
            reader.passed(1);
            if (table.knownZero(i) || table.unaligned(i) || table.duplicated(i)) {
                continue;
            }
            long first = (long) i << blockBits;
            int count = (int) Math.min(header.refcountsPerBlock(), clusters - first);
            ByteBuffer block = table.block(i);
            for (int k = 0; k < count; k++) {
                if (RefcountTable.refcount(block, k, order) == 1) {
                    ones.set(first + k);
                }
            }
        }
        return new SoleOwners(table, ones, clusters, blockBits);
    }

    /** Whether a cluster's refcount is exactly one. */
    boolean owned(long cluster) throws IOException {
        long index = cluster >>> blockBits;
        return cluster < clusters && !table.duplicated(index) ? ones.get(cluster) : table.refcount(cluster) == 1;
    }
}
