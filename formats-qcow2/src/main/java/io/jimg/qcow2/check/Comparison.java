package io.jimg.qcow2.check;

import io.jimg.qcow2.header.Header;
import io.jimg.validate.Place;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;

/**
 * Holds every refcount against the number of references that was counted, in the order of host clusters. What neither a
 * block nor a count speaks of is passed over in whole pages. Where it corrects, no block is missing or shared. Not safe
 * for threads.
 */
final class Comparison {
    private final Header header;
    private final MetadataReader reader;
    private final RefcountTable table;
    private final ClusterCounts counts;
    private final Findings findings;
    private final Fixes fixes;
    private final long clusters;
    private final long[] pages;
    private final Map<Long, Integer> countedBlocks = new HashMap<>();
    private long highest;
    private boolean unreadable;
    private boolean uncounted;
    private boolean changed;
    private boolean noted;

    Comparison(
            Header header,
            MetadataReader reader,
            RefcountTable table,
            References references,
            Findings findings,
            Fixes fixes) {
        this.header = header;
        this.reader = reader;
        this.table = table;
        this.counts = references.counts();
        this.findings = findings;
        this.fixes = fixes;
        this.clusters = references.clusters();
        this.pages = counts.pageNumbers();
    }

    /** The last host cluster that is in use by one count or the other. */
    long highest() {
        return highest;
    }

    /** Whether some refcounts could not be had. */
    boolean unreadable() {
        return unreadable;
    }

    /** Whether a cluster in use counts as free, so that its refcount may have no place. */
    boolean uncounted() {
        return uncounted;
    }

    /** Compares all clusters, and corrects what may be corrected in the blocks that are there. */
    void compare() throws IOException {
        int blockBits = header.refcountBlockBits();
        for (int i = 0; i < table.size() && (long) i << blockBits < clusters; i++) {
            long first = (long) i << blockBits;
            long end = Math.min(clusters, first + header.refcountsPerBlock());
            reader.passed(1);
            if (table.unaligned(i) || table.blockOffset(i) < 0) {
                cannotRead(i, first, end);
            } else if (table.knownZero(i)) {
                withoutBlock(first, end);
            } else {
                withBlock(i, first, end);
            }
        }
        withoutBlock((long) table.size() << blockBits, clusters);
    }

    private void withBlock(int index, long first, long end) throws IOException {
        boolean shared = table.duplicated(index) && findings.full() && absent(first, end);
        Integer known = shared ? countedBlocks.get(table.blockOffset(index)) : null;
        if (known != null) {
            findings.leaksLeftOut(known);
            if (known > 0) {
                highest = end - 1;
            }
            return;
        }
        ByteBuffer block = table.block(index);
        int order = header.refcountOrder();
        int leaked = 0;
        for (long cluster = first; cluster < end; cluster++) {
            long refcount = RefcountTable.refcount(block, (int) (cluster - first), order);
            long reference = counts.get(cluster);
            if ((refcount | reference) != 0) {
                if (compare(cluster, refcount, reference)) {
                    RefcountTable.setRefcount(block, (int) (cluster - first), order, reference);
                    changed = true;
                }
                leaked++;
            }
        }
        if (changed) {
            fixes.write(block.clear(), table.blockOffset(index));
            changed = false;
        }
        if (shared && end - first == header.refcountsPerBlock()) {
            countedBlocks.put(table.blockOffset(index), leaked);
        }
    }

    /** Clusters whose refcounts are all zero. */
    private void withoutBlock(long first, long end) throws IOException {
        int at = Arrays.binarySearch(pages, first >>> ClusterCounts.PAGE_BITS);
        for (int i = at < 0 ? -at - 1 : at; i < pages.length; i++) {
            long pageStart = pages[i] << ClusterCounts.PAGE_BITS;
            if (pageStart >= end) {
                break;
            }
            long stop = Math.min(end, pageStart + ClusterCounts.PAGE);
            for (long cluster = Math.max(first, pageStart); cluster < stop; cluster++) {
                long reference = counts.get(cluster);
                if (reference != 0) {
                    compare(cluster, 0, reference);
                }
            }
        }
    }

    /** Tells of one cluster; returns whether its refcount is to be corrected. */
    private boolean compare(long cluster, long refcount, long reference) {
        highest = cluster;
        if (refcount == reference) {
            return false;
        }
        if (Long.compareUnsigned(refcount, reference) < 0) {
            uncounted |= refcount == 0;
            if (!fixes.errors()) {
                findings.corruption(1, place(cluster), () -> "ERROR" + sentence(cluster, refcount, reference));
                return false;
            }
            findings.corruptionFixed(1, place(cluster), () -> "Repairing" + sentence(cluster, refcount, reference));
        } else if (!fixes.leaks()) {
            findings.leak(place(cluster), () -> "Leaked" + sentence(cluster, refcount, reference));
            return false;
        } else {
            findings.leakFixed(place(cluster), () -> "Repairing" + sentence(cluster, refcount, reference));
        }
        return true;
    }

    private static Place place(long cluster) {
        return new Place(Place.Kind.CLUSTER, cluster);
    }

    private void cannotRead(int index, long first, long end) {
        if (!noted && table.unaligned(index)) {
            noted = true;
            findings.note(() -> "qcow2: Image is corrupt: Refblock offset 0x"
                    + Long.toHexString(table.blockOffset(index)) + " unaligned (reftable index: "
                    + (index == 0 ? "" : "0x") + Integer.toHexString(index)
                    + "); further non-fatal corruption events will be suppressed");
        }
        unreadable = true;
        for (long cluster = first; cluster < end; cluster++) {
            if (findings.full()) {
                findings.checkErrorsLeftOut(end - cluster);
                return;
            }
            long number = cluster;
            findings.checkError(
                    place(number), () -> "Can't get refcount for cluster " + number + ": Input/output error");
        }
    }

    private boolean absent(long first, long end) {
        int at = Arrays.binarySearch(pages, first >>> ClusterCounts.PAGE_BITS);
        int next = at < 0 ? -at - 1 : at;
        return next == pages.length || pages[next] << ClusterCounts.PAGE_BITS >= end;
    }

    static String sentence(long cluster, long refcount, long reference) {
        return " cluster " + cluster + " refcount=" + Long.toUnsignedString(refcount) + " reference=" + reference;
    }
}
