package io.jimg.qcow2.check;

import io.jimg.qcow2.header.Header;
import io.jimg.qcow2.header.HeaderFields;
import io.jimg.storage.Storage;
import java.io.IOException;

/**
 * Puts a repaired snapshot table in the place of the old one, in an image whose refcounts are right. The new table lies
 * in clusters of its own and is counted before the header turns to it; the old one's clusters drop afterwards. Not safe
 * for threads.
 */
final class SnapshotRewrite {
    private final Storage file;
    private final Fixes fixes;
    private final RefcountEdit refcounts;

    SnapshotRewrite(Storage file, Fixes fixes, RefcountEdit refcounts) {
        this.file = file;
        this.fixes = fixes;
        this.refcounts = refcounts;
    }

    /**
     * Writes the table.
     *
     * @param oldLength bytes at the old place that refer to clusters; 0 where the old place was none
     */
    void write(SnapshotRepair snapshots, long oldLength) throws IOException {
        Header header = refcounts.header();
        long hostOffset = 0;
        if (snapshots.count() > 0) {
            hostOffset = refcounts.take(clusters(header, snapshots.length())) << header.clusterBits();
            fixes.write(snapshots.bytes(), hostOffset);
        }
        long newOffset = hostOffset;
        DamagedHeader.change(
                file,
                sector -> sector.putLong(HeaderFields.SNAPSHOTS_OFFSET, newOffset)
                        .putInt(HeaderFields.SNAPSHOT_COUNT, snapshots.count()));
        if (oldLength > 0) {
            refcounts.give(
                    header.snapshotsOffset() >>> header.clusterBits(),
                    clusters(header, header.snapshotsOffset() + oldLength));
        }
    }

    private static long clusters(Header header, long bytes) {
        return bytes + header.clusterSize() - 1 >>> header.clusterBits();
    }
}
