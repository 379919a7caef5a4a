package io.jimg.qcow2.check;

import io.jimg.ImageException;
import io.jimg.Job;
import io.jimg.capability.CheckReport;
import io.jimg.qcow2.header.Header;
import io.jimg.storage.Storage;
import java.io.IOException;

/**
 * The check of a qcow2 image: every reference to a host cluster is counted, from the header, the L1 and L2 tables of
 * the image and of its snapshots, the snapshot table, the LUKS header, the bitmaps and the refcount structures, and
 * held against the refcounts; the COPIED flags of the active tables are held against the refcounts too. Findings are
 * the sentences of {@code qemu-img check}, in its order.
 *
 * <p>Reads the file and nothing else: an image that is open for writing must have written its metadata before. Takes
 * time in proportion to the metadata that is allocated and about a byte and a bit of memory for each host cluster in
 * use, at most half the heap ({@link io.jimg.ErrorKind#LIMIT} beyond). At most {@link #FINDINGS_CAP} sentences are
 * kept.
 */
public final class Qcow2Check extends Job<CheckReport> {

    /** Sentences that a report holds at most; the rest are counted. */
    public static final int FINDINGS_CAP = 100_000;

    private final Storage file;
    private final Header header;
    private long done;
    private long total;

    /**
     * A check that {@link #run()} does.
     *
     * @param file the image's file; not closed
     * @param header its header
     */
    public Qcow2Check(Storage file, Header header) {
        this.file = file;
        this.header = header;
    }

    @Override
    protected CheckReport execute() throws IOException {
        MetadataReader reader = new MetadataReader(file, this::passed);
        MemoryBudget budget = MemoryBudget.ofHeap();
        Findings findings = new Findings(FINDINGS_CAP);
        Findings copiedFindings = new Findings(FINDINGS_CAP);
        // Entries to pass: both L1 passes, every L2 table that the guest's size has room for, twice the refcount
        // blocks.
        total = 2L * header.l1Size()
                + (long) header.l1Size() * header.l2Entries()
                + 2 * ((file.size() >>> header.clusterBits() >>> header.refcountBlockBits()) + 1);
        ReferenceScan scan = new ReferenceScan(header, reader, budget, findings);
        References references = scan.references();
        RefcountTable table = new RefcountTable(header, reader);
        SoleOwners owners = SoleOwners.load(header, table, references.clusters(), budget, reader);
        AllocationTotals totals = scan.countMapping(new CopiedFlags(header, table, owners, copiedFindings));
        scan.countRefcounts(table);
        Comparison comparison = new Comparison(header, reader, table, references, findings, Fixes.NONE);
        comparison.compare();
        if (!comparison.unreadable()) {
            findings.append(copiedFindings);
        }
        progress(1, 1);
        return findings.report(header, totals, comparison.highest());
    }

    private void passed(long entries) throws ImageException {
        checkCancelled();
        done += entries;
        progress(Math.min(done, total - 1), total);
    }
}
