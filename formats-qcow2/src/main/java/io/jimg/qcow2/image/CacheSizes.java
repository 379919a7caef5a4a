package io.jimg.qcow2.image;

import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.Options;
import io.jimg.qcow2.Qcow2OpenOptions;
import io.jimg.qcow2.mapping.Geometry;

/**
 * How much metadata stays in memory.
 *
 * @param sliceSize bytes of an L2 slice
 * @param slices L2 slices in the cache
 * @param refcountBlocks refcount blocks in the cache
 */
record CacheSizes(int sliceSize, int slices, int refcountBlocks) {
    private static final int DEFAULT_SLICE = 4 << 10;
    private static final long DEFAULT_L2_CACHE = 32L << 20;
    private static final int MINIMUM_SLICE = 512;
    private static final int MINIMUM_SLICES = 2;
    private static final int MINIMUM_BLOCKS = 4;

    /**
     * The sizes that options ask for, raised to the least that works.
     *
     * @param guestSize bytes; no cache needs to be larger than the tables that describe them
     * @throws ImageException {@link ErrorKind#BAD_OPTION} with QEMU's sentence for sizes that contradict each other
     */
    static CacheSizes of(Options options, Geometry geometry, long guestSize) throws ImageException {
        Long total = options.get(Qcow2OpenOptions.CACHE_SIZE);
        Long l2 = options.get(Qcow2OpenOptions.L2_CACHE_SIZE);
        Long refcounts = options.get(Qcow2OpenOptions.REFCOUNT_CACHE_SIZE);
        if (total != null) {
            if (l2 != null && refcounts != null) {
                throw bad("cache-size, l2-cache-size and refcount-cache-size may not be set at the same time");
            }
            if (l2 != null && l2 > total) {
                throw bad("l2-cache-size may not exceed cache-size");
            }
            if (refcounts != null && refcounts > total) {
                throw bad("refcount-cache-size may not exceed cache-size");
            }
        }
        long clusterSize = geometry.clusterSize();
        long l2Needed = geometry.clusters(guestSize) * geometry.entrySize();
        long leastRefcounts = MINIMUM_BLOCKS * clusterSize;
        long l2Bytes;
        long refcountBytes;
        if (l2 != null) {
            l2Bytes = l2;
            refcountBytes = refcounts != null ? refcounts : total != null ? total - l2 : leastRefcounts;
        } else if (total == null) {
            l2Bytes = Math.min(DEFAULT_L2_CACHE, l2Needed);
            refcountBytes = refcounts != null ? refcounts : leastRefcounts;
        } else {
            refcountBytes = refcounts != null ? refcounts : Math.min(total, leastRefcounts);
            l2Bytes = Math.min(total - refcountBytes, l2Needed);
            refcountBytes = refcounts != null ? refcounts : Math.max(refcountBytes, total - l2Bytes);
        }
        int sliceSize = sliceSize(options, geometry);
        return new CacheSizes(
                sliceSize,
                (int) Math.max(MINIMUM_SLICES, Math.min(Integer.MAX_VALUE, (l2Bytes + sliceSize - 1) / sliceSize)),
                (int) Math.max(MINIMUM_BLOCKS, Math.min(Integer.MAX_VALUE, refcountBytes / clusterSize)));
    }

    private static int sliceSize(Options options, Geometry geometry) throws ImageException {
        Long asked = options.get(Qcow2OpenOptions.L2_CACHE_ENTRY_SIZE);
        if (asked == null) {
            return Math.min(DEFAULT_SLICE, geometry.clusterSize());
        }
        if (asked < MINIMUM_SLICE || asked > geometry.clusterSize() || Long.bitCount(asked) != 1) {
            throw bad("L2 cache entry size must be a power of two between " + MINIMUM_SLICE + " and the cluster size ("
                    + geometry.clusterSize() + ")");
        }
        return asked.intValue();
    }

    private static ImageException bad(String sentence) {
        return new ImageException(ErrorKind.BAD_OPTION, sentence);
    }
}
