package io.jimg.qcow2.check;

import io.jimg.qcow2.header.Header;
import io.jimg.storage.Storage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.HashSet;
import java.util.Set;

/**
 * Takes and gives back clusters of an image whose refcounts are right; each change is durable on return. Not safe for
 * threads.
 */
final class RefcountEdit {
    private final Storage file;
    private final Fixes fixes;
    private final RefcountRepair refcounts;
    private Header header;

    RefcountEdit(Storage file, Header header, Fixes fixes, RefcountRepair refcounts) {
        this.file = file;
        this.header = header;
        this.fixes = fixes;
        this.refcounts = refcounts;
    }

    /** The header as it is now: the refcounts may have moved. */
    Header header() {
        return header;
    }

    /**
     * Takes clusters in a row, the first that are free.
     *
     * @param clusters how many, greater than zero
     * @return the first
     */
    long take(long clusters) throws IOException {
        long start = 0;
        for (long end = start; end < start + clusters; end++) {
            if (!refcounts.free(end)) {
                start = end + 1;
            }
        }
        change(start, start + clusters, 1);
        return start;
    }

    /** Takes away one reference to each of some clusters. */
    void give(long first, long end) throws IOException {
        change(first, end, -1);
    }

    /** Changes refcounts in their blocks; where there is no block, all are laid out anew. */
    private void change(long first, long end, int change) throws IOException {
        ClusterCounts counts = refcounts.counts();
        for (long cluster = first; cluster < end; cluster++) {
            counts.add(cluster, change);
        }
        RefcountTable table = new RefcountTable(header, new MetadataReader(file, passed -> {}));
        long firstBlock = first >>> header.refcountBlockBits();
        long lastBlock = end - 1 >>> header.refcountBlockBits();
        for (long index = firstBlock; index <= lastBlock; index++) {
            if (table.blockOffset(index) == 0) {
                header = layOut(table);
                return;
            }
        }
        for (long index = firstBlock; index <= lastBlock; index++) {
            ByteBuffer block = table.block(index);
            long start = index << header.refcountBlockBits();
            for (long cluster = Math.max(first, start);
                    cluster < Math.min(end, start + header.refcountsPerBlock());
                    cluster++) {
                RefcountTable.setRefcount(block, (int) (cluster - start), header.refcountOrder(), counts.get(cluster));
            }
            fixes.write(block.clear(), table.blockOffset(index));
        }
        fixes.flush();
    }

    /** The refcounts anew, in clusters that neither they nor anything else had. */
    private Header layOut(RefcountTable table) throws IOException {
        ClusterCounts counts = refcounts.counts();
        Set<Long> old = new HashSet<>();
        long first = header.refcountTableOffset() >>> header.clusterBits();
        for (long cluster = first; cluster < first + header.refcountTableClusters(); cluster++) {
            old.add(cluster);
        }
        for (int i = 0; i < table.size(); i++) {
            if (table.blockOffset(i) != 0) {
                old.add(table.blockOffset(i) >>> header.clusterBits());
            }
        }
        for (long cluster : old) {
            counts.add(cluster, -1);
        }
        return refcounts.layOut(cluster -> counts.get(cluster) != 0 || old.contains(cluster));
    }
}
