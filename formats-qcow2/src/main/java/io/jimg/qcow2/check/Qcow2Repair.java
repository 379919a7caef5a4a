package io.jimg.qcow2.check;

import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.Job;
import io.jimg.capability.CheckFailedException;
import io.jimg.capability.CheckReport;
import io.jimg.capability.Repairable;
import io.jimg.qcow2.header.AutoclearFeature;
import io.jimg.qcow2.header.Header;
import io.jimg.qcow2.header.HeaderFields;
import io.jimg.qcow2.header.IncompatibleFeature;
import io.jimg.storage.Storage;
import java.io.IOException;

/**
 * The repair of a qcow2 image, sentence by sentence that of {@code qemu-img check -r}: everything that
 * {@link Qcow2Check} counts is counted; zero clusters at impossible places lose them; refcounts are corrected in their
 * blocks, or, where they have no sound place, all of them written anew; then the COPIED flags follow; then the snapshot
 * table is brought within its limits; and last the marks "dirty" and "corrupt" go, where nothing is left of what they
 * stood for.
 *
 * <p>Where two entries claim one host cluster its refcount says so afterwards, and the next write to it copies: nothing
 * that a guest can read changes.
 *
 * <p>Works on the file and nothing else; nobody else may use it meanwhile. Power loss at any moment leaves an image
 * that the next repair puts right: every step is durable before the next that relies on it, a pointer's removal before
 * a refcount drops, new structures before the header turns to them in one sector.
 */
public final class Qcow2Repair extends Job<CheckReport> {
    private final Storage file;
    private final Repairable.Mode mode;
    private final boolean refcountsOnly;
    private final Findings findings = new Findings(Qcow2Check.FINDINGS_CAP);
    private long done;
    private long total = Long.MAX_VALUE;

    /**
     * A repair that {@link #run()} does.
     *
     * @param file the image's file, writable; not closed
     * @param mode what is to be repaired
     */
    public Qcow2Repair(Storage file, Repairable.Mode mode) {
        this(file, mode, false);
    }

    /**
     * A repair.
     *
     * @param refcountsOnly whether it refuses, before it changes anything, where more than refcounts is wrong
     */
    Qcow2Repair(Storage file, Repairable.Mode mode, boolean refcountsOnly) {
        this.file = file;
        this.mode = mode;
        this.refcountsOnly = refcountsOnly;
    }

    @Override
    protected CheckReport execute() throws IOException {
        Header header = DamagedHeader.read(file);
        // Entries to pass: L1 twice for references and once for flags, L2 for both, and the refcount blocks.
        total = 3L * header.l1Size()
                + 2L * header.l1Size() * header.l2Entries()
                + 3 * ((file.size() >>> header.clusterBits() >>> header.refcountBlockBits()) + 1);
        MetadataReader reader = reader();
        MemoryBudget budget = MemoryBudget.ofHeap();
        SnapshotRepair snapshots = mode == Repairable.Mode.ALL ? SnapshotRepair.read(header, reader, findings) : null;
        SnapshotScan snapshotScan = snapshots == null ? SnapshotScan.read(header, reader, findings) : snapshots.scan();
        RefcountTable table = new RefcountTable(header, reader);
        Fixes fixes = Fixes.of(file, mode);
        ReferenceScan scan = new ReferenceScan(
                header, reader, budget, findings, snapshotScan, refcountsOnly ? Fixes.NONE : fixes, true);
        AllocationTotals totals = scan.countMapping(CopiedObserver.NONE);
        if (refcountsOnly && findings.corruptions() > 0) {
            throw beyondRefcounts();
        }
        RefcountRepair refcounts = new RefcountRepair(file, header, fixes, findings, scan.references());
        refcounts.correct(scan, table, reader);
        if (refcounts.rebuildNeeded()) {
            if (mode == Repairable.Mode.LEAKS) {
                findings.note(() -> "ERROR need to rebuild refcount structures");
                throw new CheckFailedException(
                        "The refcounts must be written anew, which a repair of leaks alone does not do",
                        file.name(),
                        report(header, totals, refcounts));
            }
            Findings foundAgain = new Findings(Qcow2Check.FINDINGS_CAP);
            ReferenceScan again =
                    new ReferenceScan(header, reader(), budget, foundAgain, snapshotScan, Fixes.NONE, true);
            header = refcounts.rebuild(again, foundAgain);
            scan = again;
        }
        References references = scan.references();
        RefcountEdit edit = new RefcountEdit(file, header, fixes, refcounts);
        if (mode == Repairable.Mode.ALL) {
            new TableCopies(file, fixes, findings, edit).copy(references, reader());
        }
        repairFlags(edit.header(), references, fixes, budget);
        if (snapshots != null && snapshots.changed()) {
            long counted = snapshotScan.countedLength();
            boolean inside = references.inside(header.snapshotsOffset(), counted);
            new SnapshotRewrite(file, fixes, edit).write(snapshots, inside ? counted : 0);
        } else if (snapshots != null && snapshots.shorter()) {
            int count = snapshots.count();
            DamagedHeader.change(file, sector -> sector.putInt(HeaderFields.SNAPSHOT_COUNT, count));
        }
        fixes.flush();
        clearMarks(refcounts.right());
        progress(1, 1);
        return report(header, totals, refcounts);
    }

    /**
     * A repair of leaks alone touches the flags of an image that is sound otherwise: they are right when the refcounts
     * are. Where an entry lies on other data it is left alone.
     */
    private void repairFlags(Header header, References references, Fixes fixes, MemoryBudget budget)
            throws IOException {
        MetadataReader reader = reader();
        RefcountTable table = new RefcountTable(header, reader);
        SoleOwners owners = SoleOwners.load(header, table, references.clusters(), budget, reader);
        boolean allowed = mode == Repairable.Mode.ALL || findings.corruptions() + findings.checkErrors() == 0;
        boolean activeShared = references.activeTableShared(header);
        long activeStart = header.l1TableOffset();
        long activeEnd = activeStart + (long) header.l1Size() * Long.BYTES;
        CopiedFlags flags = new CopiedFlags(
                header,
                table,
                owners,
                findings,
                allowed ? fixes : Fixes.NONE,
                at -> at >= activeStart && at < activeEnd ? activeShared : references.usedOtherwise(at));
        new CopiedRepair(header, reader, budget).repair(flags);
    }

    /**
     * Takes away the marks whose reason is gone; bits of features that nobody here keeps up to date go as they do
     * whenever an image is opened to be changed.
     */
    private void clearMarks(boolean refcountsRight) throws IOException {
        Header header = DamagedHeader.read(file);
        if (header.version() < 3) {
            return;
        }
        long incompatible = header.incompatible().bits();
        if (refcountsRight) {
            incompatible &= ~IncompatibleFeature.DIRTY.mask();
        }
        if (findings.corruptions() + findings.checkErrors() == 0) {
            incompatible &= ~IncompatibleFeature.CORRUPT.mask();
        }
        long autoclear = header.autoclear().bits() & AutoclearFeature.KNOWN;
        if (incompatible != header.incompatible().bits()
                || autoclear != header.autoclear().bits()) {
            long wantedIncompatible = incompatible;
            long wantedAutoclear = autoclear;
            DamagedHeader.change(
                    file,
                    sector -> sector.putLong(HeaderFields.INCOMPATIBLE_FEATURES, wantedIncompatible)
                            .putLong(HeaderFields.AUTOCLEAR_FEATURES, wantedAutoclear));
        }
    }

    private CheckReport report(Header header, AllocationTotals totals, RefcountRepair refcounts) {
        return findings.report(header, totals, refcounts.highest());
    }

    private ImageException beyondRefcounts() {
        return new ImageException(
                ErrorKind.CORRUPT,
                "The image is marked dirty and cannot be repaired: "
                        + findings.list().get(findings.list().size() - 1).sentence(),
                file.name(),
                ImageException.NO_OFFSET,
                null);
    }

    private MetadataReader reader() throws IOException {
        return new MetadataReader(file, this::passed);
    }

    private void passed(long entries) throws ImageException {
        checkCancelled();
        done += entries;
        progress(Math.min(done, total - 1), total);
    }
}
