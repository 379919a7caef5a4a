package io.jimg.qcow2.snapshot;

import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.qcow2.change.ExclusiveFile;
import io.jimg.qcow2.header.HeaderLimits;
import io.jimg.qcow2.header.SnapshotEntry;
import io.jimg.qcow2.tree.L1Entries;
import java.io.IOException;

/** The L1 table of a snapshot, whose entry in the snapshot table nobody has checked yet. */
public final class SnapshotL1 {
    private SnapshotL1() {}

    /**
     * Throws where there cannot be such a table.
     *
     * @throws ImageException {@link ErrorKind#LIMIT} or {@link ErrorKind#CORRUPT}, with QEMU's sentences
     */
    public static void check(SnapshotEntry entry, int clusterSize, String resource) throws ImageException {
        if (entry.l1Size() * Long.BYTES > HeaderLimits.MAX_L1_BYTES) {
            throw new ImageException(
                    ErrorKind.LIMIT, "Snapshot L1 table too large", resource, ImageException.NO_OFFSET, null);
        }
        if ((entry.l1TableOffset() & (clusterSize - 1)) != 0 || entry.l1TableOffset() < 0) {
            throw new ImageException(
                    ErrorKind.CORRUPT, "Snapshot L1 table offset invalid", resource, ImageException.NO_OFFSET, null);
        }
    }

    /**
     * As {@link #check}, but what is wrong is told aside, and the exception has the C library's word for it, as where
     * QEMU's own error was not passed on.
     */
    public static void require(SnapshotEntry entry, ExclusiveFile image) throws ImageException {
        try {
            check(entry, image.header().clusterSize(), image.file().name());
        } catch (ImageException wrong) {
            image.notices().complaint(wrong.getMessage());
            throw new ImageException(
                    wrong.kind(),
                    wrong.kind() == ErrorKind.LIMIT ? "File too large" : "Invalid argument",
                    wrong.resource(),
                    wrong.offset(),
                    wrong);
        }
    }

    /** All entries, those of the machine's state included. */
    static long[] read(ExclusiveFile image, SnapshotEntry entry) throws IOException {
        check(entry, image.header().clusterSize(), image.file().name());
        return L1Entries.read(image.file(), entry.l1TableOffset(), entry.l1Size());
    }

    /** Gives back the table's clusters. */
    static void release(ExclusiveFile image, SnapshotEntry entry) throws IOException {
        long clusters = (entry.l1Size() * Long.BYTES + image.header().clusterSize() - 1)
                >>> image.header().clusterBits();
        if (clusters > 0) {
            image.allocator().release(entry.l1TableOffset(), clusters);
        }
    }
}
