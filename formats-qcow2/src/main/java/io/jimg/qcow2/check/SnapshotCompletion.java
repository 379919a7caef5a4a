package io.jimg.qcow2.check;

import io.jimg.qcow2.allocation.ClusterAllocator;
import io.jimg.qcow2.change.ExclusiveFile;
import io.jimg.qcow2.change.MetadataChange;
import io.jimg.qcow2.header.Header;
import io.jimg.qcow2.header.HeaderFields;
import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * Gives the entries of a snapshot table what version 3 wants of them, before the image becomes one of that version: the
 * sizes of disk and machine state in full (specification: "Snapshots"). An image of version 2 may have them too. Power
 * loss leaves the old table or the new one.
 */
public final class SnapshotCompletion implements MetadataChange<Boolean> {

    @Override
    public Boolean apply(ExclusiveFile image) throws IOException {
        Header header = image.header();
        MetadataReader reader = new MetadataReader(image.file(), passed -> {});
        SnapshotRepair table = SnapshotRepair.read(header.asVersion3(), reader, new Findings(0));
        if (!table.changed()) {
            return false;
        }
        ClusterAllocator allocator = image.allocator();
        int clusters = clusters(header, table.length());
        ByteBuffer bytes = ByteBuffer.allocate(clusters << header.clusterBits());
        bytes.put(table.bytes());
        long oldClusters = clusters(header, table.scan().countedLength());
        long hostOffset = allocator.allocateRun(clusters).hostOffset();
        image.file().write(bytes.clear(), hostOffset);
        image.commitRefcounts();
        image.changeHeader(sector -> sector.putLong(HeaderFields.SNAPSHOTS_OFFSET, hostOffset));
        allocator.release(header.snapshotsOffset(), oldClusters);
        image.commitRefcounts();
        return true;
    }

    private static int clusters(Header header, long bytes) {
        return (int) ((bytes + header.clusterSize() - 1) >>> header.clusterBits());
    }
}
