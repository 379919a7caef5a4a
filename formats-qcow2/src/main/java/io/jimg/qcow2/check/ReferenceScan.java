package io.jimg.qcow2.check;

import io.jimg.qcow2.header.EncryptionPointer;
import io.jimg.qcow2.header.Header;
import java.io.IOException;

/** Counts every reference to a host cluster that an image holds, structure by structure. Not safe for threads. */
final class ReferenceScan {
    private final Header header;
    private final MetadataReader reader;
    private final MemoryBudget budget;
    private final Findings findings;
    private final References references;
    private final SnapshotScan snapshots;
    private final Fixes fixes;
    private final UnplacedZeroes unplaced;
    private final DamagedBitmaps bitmaps;

    /** Reads the snapshot table; what is wrong with it is the first finding. Nothing will be repaired. */
    ReferenceScan(Header header, MetadataReader reader, MemoryBudget budget, Findings findings) throws IOException {
        this(header, reader, budget, findings, SnapshotScan.read(header, reader, findings), Fixes.NONE, false);
    }

    /**
     * A scan that may repair on its way.
     *
     * @param kinds whether the references will be asked what lies where
     */
    ReferenceScan(
            Header header,
            MetadataReader reader,
            MemoryBudget budget,
            Findings findings,
            SnapshotScan snapshots,
            Fixes fixes,
            boolean kinds) {
        this.header = header;
        this.reader = reader;
        this.budget = budget;
        this.findings = findings;
        this.references = new References(header, reader.fileSize(), budget, findings, kinds);
        this.snapshots = snapshots;
        this.fixes = fixes;
        this.unplaced = new UnplacedZeroes(header, budget);
        this.bitmaps = new DamagedBitmaps(header, budget);
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
        MappingWalk mapping =
                new MappingWalk(header, reader, references, findings, copied, fixes.errors() ? unplaced : null, budget);
        mapping.walk(snapshots.table());
        references.count(header.snapshotsOffset(), snapshots.countedLength(), 1);
        EncryptionPointer encryption = header.encryption();
        if (encryption != null) {
            references.count(encryption.hostOffset(), encryption.length(), 1);
        }
        new BitmapWalk(header, reader, references, findings, fixes.errors() ? bitmaps : null).walk();
        return mapping.totals();
    }

    /**
     * Counts the refcount table and its blocks.
     *
     * @return whether refcounts can be corrected where they are
     */
    boolean countRefcounts(RefcountTable table) throws IOException {
        RefcountWalk walk = new RefcountWalk(header, table, references, findings, fixes);
        walk.walk();
        unplaced.drop(references, findings, fixes);
        bitmaps.clear(reader, references, findings, fixes);
        return !walk.broken();
    }
}
