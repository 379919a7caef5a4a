package io.jimg.qcow2.check;

import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.qcow2.change.ExclusiveFile;
import io.jimg.qcow2.change.MetadataChange;
import io.jimg.qcow2.change.Pulse;
import io.jimg.qcow2.header.Header;
import io.jimg.qcow2.header.HeaderFields;
import io.jimg.storage.Storage;
import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * Gives an image's refcounts another width: all of them are written anew, in clusters that nothing uses, and the header
 * turns to them (specification: "Host cluster management"). They say then that the old ones are free. Power loss leaves
 * the old ones or the new ones.
 */
public final class RefcountWidth implements MetadataChange<Boolean> {
    private final int order;
    private final Pulse pulse;

    /**
     * A change.
     *
     * @param order log2 of the new width in bits, from 0 to 6
     * @param pulse is told how many refcount blocks of all are behind
     */
    public RefcountWidth(int order, Pulse pulse) {
        this.order = order;
        this.pulse = pulse;
    }

    /**
     * Makes the change.
     *
     * @throws ImageException {@link ErrorKind#BAD_OPTION} where a refcount is too large, {@link ErrorKind#LIMIT} where
     *     the table would be
     */
    @Override
    public Boolean apply(ExclusiveFile image) throws IOException {
        Header header = image.header();
        Storage file = image.file();
        if (header.refcountOrder() == order) {
            return false;
        }
        Header wanted = header.withRefcountOrder(order);
        RefcountTable table = new RefcountTable(header, new MetadataReader(file, passed -> {}));
        MemoryBudget budget = MemoryBudget.ofHeap();
        ClusterCounts counts = new ClusterCounts(budget, Long.MAX_VALUE);
        ClusterFlags used = new ClusterFlags(budget);
        for (int index = 0; index < table.size(); index++) {
            if (!table.knownZero(index)) {
                take(header, wanted, table, index, counts, used);
            }
            pulse.passed(index, table.size());
        }
        forget(header, table, counts);
        // In a damaged image a refcount may call metadata free.
        RefcountLayout layout = new RefcountLayout(
                wanted,
                file.name(),
                cluster -> cluster == 0
                        || used.get(cluster)
                        || image.allocator().holdsMetadata(cluster << header.clusterBits(), 1),
                counts);
        write(layout, Fixes.writing(file));
        image.barrier();
        image.changeHeader(sector -> sector.putLong(HeaderFields.REFCOUNT_TABLE_OFFSET, layout.tableOffset())
                .putInt(HeaderFields.REFCOUNT_TABLE_CLUSTERS, layout.tableClusters())
                .putInt(HeaderFields.REFCOUNT_ORDER, order));
        return true;
    }

    private static void write(RefcountLayout layout, Fixes fixes) throws IOException {
        String half = "refblock";
        try {
            layout.writeBlocks(fixes);
            half = "reftable";
            layout.writeTable(fixes);
        } catch (IOException failure) {
            throw ImageException.wrap(failure).prefixed("Failed to write " + half + ": ");
        }
    }

    private void take(
            Header header, Header wanted, RefcountTable table, int index, ClusterCounts counts, ClusterFlags used)
            throws IOException {
        ByteBuffer block = table.block(index);
        long first = (long) index << header.refcountBlockBits();
        for (int i = 0; i < header.refcountsPerBlock(); i++) {
            long count = RefcountTable.refcount(block, i, header.refcountOrder());
            if (count != 0) {
                if (Long.compareUnsigned(count, wanted.maxRefcount()) > 0) {
                    throw new ImageException(
                            ErrorKind.BAD_OPTION,
                            "Cannot decrease refcount entry width to " + wanted.refcountBits()
                                    + " bits: Cluster at offset 0x"
                                    + Long.toHexString((first + i) << header.clusterBits())
                                    + " has a refcount of " + Long.toUnsignedString(count));
                }
                counts.add(first + i, count);
                used.set(first + i);
            }
        }
    }

    /** Takes back what the old structures count for themselves. */
    private static void forget(Header header, RefcountTable table, ClusterCounts counts) throws IOException {
        long first = header.refcountTableOffset() >>> header.clusterBits();
        for (long cluster = first; cluster < first + header.refcountTableClusters(); cluster++) {
            forget(counts, cluster);
        }
        for (int i = 0; i < table.size(); i++) {
            if (table.blockOffset(i) != 0) {
                forget(counts, table.blockOffset(i) >>> header.clusterBits());
            }
        }
    }

    private static void forget(ClusterCounts counts, long cluster) throws IOException {
        if (counts.get(cluster) > 0) {
            counts.add(cluster, -1);
        }
    }
}
