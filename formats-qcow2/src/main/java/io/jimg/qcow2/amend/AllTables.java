package io.jimg.qcow2.amend;

import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.qcow2.change.ExclusiveFile;
import io.jimg.qcow2.change.Pulse;
import io.jimg.qcow2.header.Header;
import io.jimg.qcow2.header.SnapshotEntry;
import io.jimg.qcow2.mapping.EntryCodec;
import io.jimg.qcow2.snapshot.SnapshotL1;
import io.jimg.qcow2.snapshot.SnapshotReader;
import io.jimg.qcow2.tree.L1Entries;
import java.io.IOException;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Goes through the L2 tables of an image, of the active L1 table first, then of the snapshots; each table once. For one
 * thread.
 */
final class AllTables {
    /** Takes a table. */
    @FunctionalInterface
    interface Visitor {
        /**
         * One L2 table.
         *
         * @param guestOffset first guest byte that it maps
         * @param active whether the active L1 table refers to it
         */
        void table(long hostOffset, long guestOffset, boolean active) throws IOException;
    }

    private final ExclusiveFile image;
    private final Pulse pulse;
    private final Set<Long> seen = new HashSet<>();

    AllTables(ExclusiveFile image, Pulse pulse) {
        this.image = image;
        this.pulse = pulse;
    }

    /** Throws where a snapshot's L1 table cannot be where its entry says. */
    void requireSnapshots() throws IOException {
        for (SnapshotEntry snapshot :
                SnapshotReader.read(image.file(), image.header()).entries()) {
            SnapshotL1.require(snapshot, image);
        }
    }

    /**
     * Visits them.
     *
     * @throws ImageException {@link ErrorKind#CORRUPT} where a table is where none can be
     */
    void each(Visitor visitor) throws IOException {
        Header header = image.header();
        List<SnapshotEntry> snapshots =
                SnapshotReader.read(image.file(), header).entries();
        long total = header.l1Size();
        for (SnapshotEntry snapshot : snapshots) {
            total += snapshot.l1Size();
        }
        long done = walk(visitor, header.l1TableOffset(), header.l1Size(), true, 0, total);
        for (SnapshotEntry snapshot : snapshots) {
            done = walk(visitor, snapshot.l1TableOffset(), snapshot.l1Size(), false, done, total);
        }
    }

    private long walk(Visitor visitor, long l1Offset, long entries, boolean active, long before, long total)
            throws IOException {
        long[] l1 = L1Entries.read(image.file(), l1Offset, entries);
        for (int i = 0; i < l1.length; i++) {
            long hostOffset = l1[i] & EntryCodec.OFFSET_MASK;
            if ((hostOffset & (image.header().clusterSize() - 1)) != 0) {
                throw new ImageException(
                        ErrorKind.CORRUPT,
                        "L2 table offset 0x" + Long.toHexString(hostOffset) + " unaligned (L1 index: "
                                + (i == 0 ? "0" : "0x" + Integer.toHexString(i)) + ")",
                        image.file().name(),
                        hostOffset,
                        null);
            }
            if (hostOffset != 0 && seen.add(hostOffset)) {
                visitor.table(hostOffset, i * image.header().guestBytesPerL2Table(), active);
            }
            pulse.passed(before + i + 1, total);
        }
        return before + l1.length;
    }
}
