package io.jimg.qcow2.check;

import io.jimg.ImageException;
import io.jimg.qcow2.header.Header;
import io.jimg.validate.Place;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * Counts the references to host clusters that the walks over the metadata find. A range that leaves the file by a
 * cluster or more is an error and not counted, as in QEMU. Not safe for threads.
 */
final class References {
    private static final String WIDTH_HINT =
            "\nUse qemu-img amend to increase the refcount entry width or qemu-img convert to create a clean copy if the"
                    + " image cannot be opened for writing";

    /** As far behind the file's end is known what refers there: more than refcounts anew can take. */
    private static final long OUTSIDE = 1L << 21;

    private final ClusterCounts counts;
    private final @Nullable ClusterFlags others;
    private final @Nullable ClusterFlags uncounted;
    private final Findings findings;
    private final int clusterBits;
    private long fileSize;
    private long clusters;
    private @Nullable Boolean activeTableShared;

    /**
     * Nothing counted yet.
     *
     * @param kinds whether {@link #usedOtherwise} and {@link #namedUncounted} will be asked
     */
    References(Header header, long fileSize, MemoryBudget budget, Findings findings, boolean kinds) {
        this.clusterBits = header.clusterBits();
        this.fileSize = fileSize;
        this.findings = findings;
        this.clusters = (fileSize >>> clusterBits) + ((fileSize & (header.clusterSize() - 1)) == 0 ? 0 : 1);
        long maximum = header.maxRefcount();
        this.others = kinds ? new ClusterFlags(budget) : null;
        this.uncounted = kinds ? new ClusterFlags(budget) : null;
        this.counts = new ClusterCounts(budget, maximum < 0 ? Long.MAX_VALUE : maximum);
    }

    /** The counts so far. */
    ClusterCounts counts() {
        return counts;
    }

    /** Host clusters that the file has, and one more where a reference reaches past its end. */
    long clusters() {
        return clusters;
    }

    /** Bytes that the file has, or is to have after the repair. */
    long fileSize() {
        return fileSize;
    }

    /** The file is to reach to an offset, at least. */
    void grow(long hostOffset) {
        fileSize = Math.max(fileSize, hostOffset);
        clusters = Math.max(clusters, (fileSize + (1L << clusterBits) - 1) >>> clusterBits);
    }

    /**
     * Counts a range of bytes that something refers to.
     *
     * @param hostOffset first byte; an offset with bit 63 set leaves the file
     * @param length bytes; nothing happens where it is zero
     * @param times how often it is referred to, greater than zero
     */
    void count(long hostOffset, long length, long times) throws ImageException {
        if (length > 0 && fits(hostOffset, length, times)) {
            countClusters(hostOffset >>> clusterBits, ((hostOffset + length - 1) >>> clusterBits) + 1, times);
            mark(hostOffset >>> clusterBits, ((hostOffset + length - 1) >>> clusterBits) + 1);
        }
    }

    /** Counts an L2 table, as {@link #count} does. */
    void countTable(long hostOffset, long length, long times) throws ImageException {
        if (fits(hostOffset, length, times)) {
            countClusters(hostOffset >>> clusterBits, ((hostOffset + length - 1) >>> clusterBits) + 1, times);
        }
    }

    /**
     * Whether anything but L1 tables refers to the cluster at a host offset: whether it is anything but an L2 table.
     */
    boolean usedOtherwise(long hostOffset) {
        return others == null || others.get(hostOffset >>> clusterBits);
    }

    /** Something else than an L2 table lies in a cluster now, whoever counts it. */
    void useOtherwise(long cluster) throws ImageException {
        if (others != null) {
            others.set(cluster);
        }
    }

    /**
     * Whether a reference that was not counted, because it leaves the file, names a host cluster. Nothing new may lie
     * there: it would be taken for what the reference promises, an L1 table for one.
     */
    boolean namedUncounted(long cluster) {
        return uncounted != null && uncounted.get(cluster);
    }

    /** Whether the active L1 table lies on anything else; asked when everything was counted. */
    boolean activeTableShared(Header header) {
        Boolean known = activeTableShared;
        if (known == null) {
            known = countActiveTable(header);
            activeTableShared = known;
        }
        return known;
    }

    private boolean countActiveTable(Header header) {
        long end = header.l1TableOffset() + (long) header.l1Size() * Long.BYTES;
        for (long at = header.l1TableOffset(); at < end; at += header.clusterSize()) {
            if (counts.get(at >>> clusterBits) > 1) {
                return true;
            }
        }
        return false;
    }

    private void mark(long first, long end) throws ImageException {
        for (long cluster = first; others != null && cluster < end; cluster++) {
            others.set(cluster);
        }
    }

    /**
     * Counts ranges in whole clusters, each cluster once, however many ranges share it; those that leave the file are
     * to be left out before.
     */
    void count(WeightedRanges ranges) throws IOException {
        ranges.each((start, end, weight) -> {
            countClusters(start >>> clusterBits, end >>> clusterBits, weight);
            mark(start >>> clusterBits, end >>> clusterBits);
        });
    }

    /**
     * Whether a range, whose length is greater than zero, leaves the file by less than a cluster; a corruption where it
     * does not.
     */
    boolean fits(long hostOffset, long length, long times) throws ImageException {
        if (inside(hostOffset, length)) {
            return true;
        }
        if (uncounted != null && hostOffset >= 0) {
            long end = Math.min(clusters + OUTSIDE, (hostOffset + length - 1 >>> clusterBits) + 1);
            for (long cluster = hostOffset >>> clusterBits; cluster < end; cluster++) {
                uncounted.set(cluster);
            }
        }
        tellOutside(hostOffset, length, times);
        return false;
    }

    /** Tells of a range that leaves the file by a cluster or more. */
    void tellOutside(long hostOffset, long length, long times) {
        findings.truncation(
                times,
                Place.host(hostOffset),
                () -> "ERROR: counting reference for region exceeding the end of the file by one cluster or more:"
                        + " offset 0x" + Long.toHexString(hostOffset) + " size 0x" + Long.toHexString(length));
    }

    /** Whether a range leaves the file by less than a cluster. */
    boolean inside(long hostOffset, long length) {
        return hostOffset >= 0
                && hostOffset <= Long.MAX_VALUE - length
                && hostOffset + length - fileSize < 1L << clusterBits;
    }

    private void countClusters(long first, long end, long times) throws ImageException {
        for (long cluster = first; cluster < end; cluster++) {
            long excess = counts.add(cluster, times);
            if (excess > 0) {
                long offset = cluster << clusterBits;
                findings.corruption(
                        excess,
                        new Place(Place.Kind.CLUSTER, offset >>> clusterBits),
                        () -> "ERROR: overflow cluster offset=0x" + Long.toHexString(offset) + WIDTH_HINT);
            }
        }
        clusters = Math.max(clusters, end);
    }
}
