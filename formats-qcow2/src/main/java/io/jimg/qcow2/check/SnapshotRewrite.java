package io.jimg.qcow2.check;

import io.jimg.qcow2.header.Header;
import io.jimg.qcow2.header.HeaderFields;
import io.jimg.storage.Storage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.HashSet;
import java.util.Set;

/**
 * Puts a repaired snapshot table in the place of the old one, in an image whose refcounts are right. The new table lies in clusters of its own and is counted before the
 * header turns to it; the old one's clusters drop afterwards. Not safe for threads.
 */
final class SnapshotRewrite {
    private final Storage file;
    private final Fixes fixes;
    private final RefcountRepair refcounts;
    private Header header;

    SnapshotRewrite(Storage file, Header header, Fixes fixes, RefcountRepair refcounts) {
        this.file = file;
        this.header = header;
        this.fixes = fixes;
        this.refcounts = refcounts;
    }

    /**
     * Writes the table.
     *
     * @param oldLength bytes at the old place that refer to clusters; 0 where the old place was none
     */
    void write(SnapshotRepair snapshots, long oldLength) throws IOException {
        long oldFirst = header.snapshotsOffset() >>> header.clusterBits();
        long oldEnd = clusters(header.snapshotsOffset() + oldLength);
        long length = clusters(snapshots.length());
        long first = length == 0 ? 0 : freeRun(length);
        count(first, first + length, 1);
        if (length > 0) {
            fixes.write(snapshots.bytes(), first << header.clusterBits());
        }
        DamagedHeader.change(
                file,
                sector -> sector.putLong(HeaderFields.SNAPSHOTS_OFFSET, first << header.clusterBits())
                        .putInt(HeaderFields.SNAPSHOT_COUNT, snapshots.count()));
        if (oldLength > 0) {
            count(oldFirst, oldEnd, -1);
        }
    }

    private long clusters(long bytes) {
        return bytes + header.clusterSize() - 1 >>> header.clusterBits();
    }

    private long freeRun(long length) {
        ClusterCounts counts = refcounts.counts();
        long start = 0;
        for (long end = start; end < start + length; end++) {
            if (counts.get(end) != 0) {
                start = end + 1;
            }
        }
        return start;
    }

    /** Changes refcounts in their blocks; where there is no block, all are laid out anew. */
    private void count(long first, long end, int change) throws IOException {
        ClusterCounts counts = refcounts.counts();
        for (long cluster = first; cluster < end; cluster++) {
            counts.add(cluster, change);
        }
        RefcountTable table = new RefcountTable(header, new MetadataReader(file, passed -> {}));
        for (long index = first >>> header.refcountBlockBits();
                first < end && index <= end - 1 >>> header.refcountBlockBits();
                index++) {
            if (table.blockOffset(index) == 0) {
                header = layOut(table);
                return;
            }
        }
        for (long index = first >>> header.refcountBlockBits();
                first < end && index <= end - 1 >>> header.refcountBlockBits();
                index++) {
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
