package io.jimg.qcow2.check;

import io.jimg.DamageException;
import io.jimg.ImageException;
import io.jimg.qcow2.header.EncryptionPointer;
import io.jimg.qcow2.header.Header;
import io.jimg.qcow2.header.HostRange;
import io.jimg.qcow2.header.SnapshotEntry;
import io.jimg.qcow2.header.SnapshotTable;
import java.io.IOException;
import java.nio.ByteBuffer;

/** Counts every reference to a host cluster that an image holds, structure by structure. Not safe for threads. */
final class ReferenceScan {
    private static final int MINIMUM_EXTRA_DATA = 16;
    private static final int FIXED_SNAPSHOT_LENGTH = 40;

    private final Header header;
    private final MetadataReader reader;
    private final MemoryBudget budget;
    private final Findings findings;
    private final References references;
    private final SnapshotTable snapshots;

    /** Reads the snapshot table; what is wrong with it is the first finding. */
    ReferenceScan(Header header, MetadataReader reader, MemoryBudget budget, Findings findings) throws IOException {
        this.header = header;
        this.reader = reader;
        this.budget = budget;
        this.findings = findings;
        this.references = new References(header, reader.fileSize(), budget, findings);
        this.snapshots = readSnapshots();
    }

    /** What was counted so far. */
    References references() {
        return references;
    }

    /**
     * Counts what the header, the L1 and L2 tables, the snapshot table, the LUKS header and the bitmaps refer to.
     *
     * @return totals of the active tables
     */
    AllocationTotals countMapping(CopiedObserver copied) throws IOException {
        references.count(0, header.clusterSize(), 1);
        MappingWalk mapping = new MappingWalk(header, reader, references, findings, copied, budget);
        mapping.walk(snapshots);
        references.count(header.snapshotsOffset(), snapshotBytes(), 1);
        EncryptionPointer encryption = header.encryption();
        if (encryption != null) {
            references.count(encryption.hostOffset(), encryption.length(), 1);
        }
        new BitmapWalk(header, reader, references, findings).walk();
        return mapping.totals();
    }

    /**
     * Counts the refcount table and its blocks.
     *
     * @return whether nothing was found wrong with them
     */
    boolean countRefcounts(RefcountTable table) throws IOException {
        long before = findings.corruptions();
        new RefcountWalk(header, table, references, findings).walk();
        return findings.corruptions() == before;
    }

    private SnapshotTable readSnapshots() throws IOException {
        if (header.snapshotCount() == 0) {
            return SnapshotTable.EMPTY;
        }
        long wanted = SnapshotTable.largestLength(header.snapshotCount());
        int length = (int) Math.max(0, Math.min(wanted, reader.fileSize() - header.snapshotsOffset()));
        SnapshotTable table;
        try {
            HostRange.require("Failed to read snapshot table", header.snapshotsOffset(), reader.name());
            table = SnapshotTable.parse(reader.read(header.snapshotsOffset(), length), header, reader.name());
        } catch (ImageException unreadable) {
            throw new DamageException(
                    "ERROR failed to read the snapshot table: " + unreadable.getMessage(),
                    reader.name(),
                    header.snapshotsOffset(),
                    unreadable);
        }
        int index = 0;
        for (SnapshotEntry snapshot : table.entries()) {
            int number = index++;
            if (header.version() >= 3 && snapshot.extraDataLength() < MINIMUM_EXTRA_DATA) {
                findings.corruption(1, () -> "ERROR snapshot table entry " + number + " is incomplete");
            }
        }
        return table;
    }

    /** Bytes of the snapshot table; QEMU leaves the padding behind the last entry out. */
    private long snapshotBytes() throws IOException {
        if (snapshots.entries().isEmpty()) {
            return 0;
        }
        SnapshotEntry last = snapshots.entries().get(snapshots.entries().size() - 1);
        ByteBuffer fixed = reader.read(header.snapshotsOffset() + last.tableOffset(), FIXED_SNAPSHOT_LENGTH);
        int id = fixed.getShort(12) & 0xFFFF;
        int name = fixed.getShort(14) & 0xFFFF;
        return (long) last.tableOffset() + FIXED_SNAPSHOT_LENGTH + last.extraDataLength() + id + name;
    }
}
