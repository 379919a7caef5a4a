package io.jimg.qcow2.mapping;

/**
 * The measures of an image, from which every index is computed (specification: "Cluster mapping", "Extended L2
 * Entries", "Host cluster management").
 *
 * @param clusterBits a cluster has {@code 1 << clusterBits} bytes: 9 to 21
 * @param extended whether L2 entries are extended: 16 bytes and 32 subclusters
 * @param refcountOrder a refcount has {@code 1 << refcountOrder} bits: 0 to 6
 */
public record Geometry(int clusterBits, boolean extended, int refcountOrder) {

    /** The smallest cluster: 512 bytes. */
    public static final int MINIMUM_CLUSTER_BITS = 9;

    /** The largest cluster that QEMU and we take: 2 MiB. */
    public static final int MAXIMUM_CLUSTER_BITS = 21;

    /** Subclusters of a cluster in an image with extended L2 entries. */
    public static final int SUBCLUSTERS = 32;

    /** Checks the ranges. */
    public Geometry {
        if (clusterBits < MINIMUM_CLUSTER_BITS
                || clusterBits > MAXIMUM_CLUSTER_BITS
                || refcountOrder < 0
                || refcountOrder > 6) {
            throw new IllegalArgumentException("cluster_bits " + clusterBits + ", refcount_order " + refcountOrder);
        }
    }

    /** Bytes of a cluster. */
    public int clusterSize() {
        return 1 << clusterBits;
    }

    /** Bytes of a subcluster; a whole cluster where entries are not extended. */
    public int subclusterSize() {
        return extended ? clusterSize() / SUBCLUSTERS : clusterSize();
    }

    /** 8-byte words of an L2 entry: 1 or 2. */
    public int entryWords() {
        return extended ? 2 : 1;
    }

    /** Bytes of an L2 entry: 8 or 16. */
    public int entrySize() {
        return entryWords() * Long.BYTES;
    }

    /** Binary logarithm of the number of entries in an L2 table. */
    public int tableBits() {
        return clusterBits - (extended ? 4 : 3);
    }

    /** Guest bytes that one L2 table describes. */
    public long tableCoverage() {
        return 1L << (tableBits() + clusterBits);
    }

    /** First guest offset after those that the L2 table of an offset describes. */
    public long tableEnd(long guestOffset) {
        return (guestOffset & -tableCoverage()) + tableCoverage();
    }

    /** Index in the L1 table of a guest offset. */
    public long l1Index(long guestOffset) {
        return guestOffset >>> (tableBits() + clusterBits);
    }

    /** Index in its L2 table of a guest offset's cluster. */
    public int l2Index(long guestOffset) {
        return (int) (guestOffset >>> clusterBits) & ((1 << tableBits()) - 1);
    }

    /** Clusters that {@code bytes} need, rounded up. */
    public long clusters(long bytes) {
        return (bytes + clusterSize() - 1) >>> clusterBits;
    }

    /** The start of an offset's cluster. */
    public long clusterStart(long offset) {
        return offset & -(long) clusterSize();
    }

    /** The offset rounded up to a cluster. */
    public long clusterCeiling(long offset) {
        return (offset + clusterSize() - 1) & -(long) clusterSize();
    }

    /** The distance of an offset from its cluster's start. */
    public int inCluster(long offset) {
        return (int) (offset & (clusterSize() - 1));
    }

    /** Binary logarithm of the number of refcounts in a refcount block. */
    public int refcountBlockBits() {
        return clusterBits + 3 - refcountOrder;
    }

    /** The largest value of a refcount. */
    public long maximumRefcount() {
        return refcountOrder == 6 ? Long.MAX_VALUE : (1L << (1 << refcountOrder)) - 1;
    }
}
