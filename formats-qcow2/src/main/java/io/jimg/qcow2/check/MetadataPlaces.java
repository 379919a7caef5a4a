package io.jimg.qcow2.check;

import io.jimg.qcow2.header.BitmapsExtension;
import io.jimg.qcow2.header.EncryptionPointer;
import io.jimg.qcow2.header.Header;
import io.jimg.qcow2.header.HeaderLimits;
import io.jimg.qcow2.header.SnapshotEntry;
import io.jimg.qcow2.header.SnapshotTable;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Where metadata lies that is no L2 table: nothing may be written there in the belief that it were one. Immutable. */
final class MetadataPlaces {
    private record Range(long start, long end) {}

    private final List<Range> ranges = new ArrayList<>();
    private final long[] blocks;
    private final int clusterSize;
    private final boolean activeAlone;

    /** Places by what the header, the snapshot table and the refcount table say. */
    MetadataPlaces(Header header, SnapshotTable snapshots, RefcountTable table) {
        clusterSize = header.clusterSize();
        add(0, clusterSize);
        add(header.refcountTableOffset(), (long) header.refcountTableClusters() << header.clusterBits());
        add(header.snapshotsOffset(), snapshots.length());
        for (SnapshotEntry snapshot : snapshots.entries()) {
            if (snapshot.l1Size() <= HeaderLimits.MAX_L1_BYTES / Long.BYTES) {
                add(snapshot.l1TableOffset(), snapshot.l1Size() * Long.BYTES);
            }
        }
        EncryptionPointer encryption = header.encryption();
        if (encryption != null) {
            add(encryption.hostOffset(), encryption.length());
        }
        BitmapsExtension bitmaps = header.bitmaps();
        if (bitmaps != null) {
            add(bitmaps.directoryOffset(), bitmaps.directorySize());
        }
        blocks = new long[table.size()];
        for (int i = 0; i < blocks.length; i++) {
            blocks[i] = table.blockOffset(i);
        }
        Arrays.sort(blocks);
        long activeLength = (long) header.l1Size() * Long.BYTES;
        activeAlone = !overlap(header.l1TableOffset(), activeLength);
        add(header.l1TableOffset(), activeLength);
    }

    /** Whether the active L1 table lies on none of the others. */
    boolean activeAlone() {
        return activeAlone;
    }

    /** Whether a range touches any of them. */
    boolean overlap(long hostOffset, long length) {
        for (Range range : ranges) {
            if (hostOffset < range.end && range.start < hostOffset + length) {
                return true;
            }
        }
        int at = Arrays.binarySearch(blocks, Math.max(1, hostOffset - clusterSize + 1));
        int next = at < 0 ? -at - 1 : at;
        return next < blocks.length && blocks[next] < hostOffset + length;
    }

    private void add(long start, long length) {
        if (length > 0 && start >= 0 && start <= Long.MAX_VALUE - length) {
            ranges.add(new Range(start, start + length));
        }
    }
}
