package io.jimg.qcow2.check;

import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.qcow2.header.Header;
import io.jimg.qcow2.header.HeaderLimits;
import io.jimg.storage.Storage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.TreeSet;

/** A refcount table and its blocks laid out behind all clusters in use, themselves counted. Not safe for threads. */
final class RefcountLayout {
    private final Header header;
    private final ClusterCounts counts;
    private final long firstCluster;
    private final TreeSet<Long> blocks = new TreeSet<>();
    private int tableClusters;

    /**
     * Decides what goes where.
     *
     * @param counts references to all other clusters
     * @param firstCluster where nothing lies any more
     * @throws ImageException {@link ErrorKind#LIMIT} where the table would be larger than a table can be
     */
    RefcountLayout(Header header, String resource, ClusterCounts counts, long firstCluster) throws IOException {
        this.header = header;
        this.counts = counts;
        this.firstCluster = firstCluster;
        counts.each((cluster, count) -> blocks.add(cluster >>> header.refcountBlockBits()));
        // Blocks for the blocks' own clusters may need further blocks.
        for (long clusters = -1; clusters != (long) blocks.size() + tableClusters; ) {
            clusters = (long) blocks.size() + tableClusters;
            for (long index = blockIndex(firstCluster); index <= blockIndex(firstCluster + clusters); index++) {
                blocks.add(index);
            }
            long bytes = (blocks.last() + 1) * Long.BYTES;
            if (bytes > HeaderLimits.MAX_REFCOUNT_TABLE_BYTES) {
                throw new ImageException(
                        ErrorKind.LIMIT,
                        "The image is too large for a refcount table",
                        resource,
                        ImageException.NO_OFFSET,
                        null);
            }
            tableClusters = (int) ((bytes + header.clusterSize() - 1) >>> header.clusterBits());
        }
    }

    /** Where the table lies. */
    RefcountRebuild.TablePlace place() {
        return new RefcountRebuild.TablePlace(hostOffset(blocks.size()), tableClusters);
    }

    /** Writes everything; nothing refers to it yet. */
    void write(Storage file) throws IOException {
        ByteBuffer table = ByteBuffer.allocate(tableClusters << header.clusterBits());
        ByteBuffer block = ByteBuffer.allocate(header.clusterSize());
        int number = 0;
        for (long index : blocks) {
            long hostOffset = hostOffset(number++);
            table.putLong((int) index * Long.BYTES, hostOffset);
            fill(block, index << header.refcountBlockBits());
            file.write(block.clear(), hostOffset);
        }
        file.write(table, hostOffset(number));
    }

    private void fill(ByteBuffer block, long first) {
        long end = firstCluster + blocks.size() + tableClusters;
        for (int i = 0; i < header.refcountsPerBlock(); i++) {
            long cluster = first + i;
            long count = cluster >= firstCluster && cluster < end ? 1 : counts.get(cluster);
            RefcountTable.setRefcount(block, i, header.refcountOrder(), count);
        }
    }

    private long blockIndex(long cluster) {
        return cluster >>> header.refcountBlockBits();
    }

    private long hostOffset(int number) {
        return (firstCluster + number) << header.clusterBits();
    }
}
