package io.jimg.qcow2.check;

import io.jimg.qcow2.header.Header;
import io.jimg.qcow2.header.HeaderFields;
import io.jimg.storage.Storage;
import java.io.IOException;

/**
 * Makes refcounts say what was counted: in their blocks where these are sound, else in new blocks under a new table.
 * Not safe for threads.
 */
final class RefcountRepair {
    private final Storage file;
    private final Header header;
    private final Fixes fixes;
    private final Findings findings;
    private References references;
    private ClusterCounts counts;
    private long highest;
    private boolean right;
    private boolean rebuildNeeded;

    RefcountRepair(Storage file, Header header, Fixes fixes, Findings findings, References references) {
        this.file = file;
        this.header = header;
        this.fixes = fixes;
        this.findings = findings;
        this.references = references;
        this.counts = references.counts();
    }

    /** What the refcounts are to say. */
    ClusterCounts counts() {
        return counts;
    }

    /** The last host cluster in use. */
    long highest() {
        return highest;
    }

    /** Whether a cluster can be taken: nothing is there, and nothing says that something is. */
    boolean free(long cluster) {
        return counts.get(cluster) == 0 && !references.namedUncounted(cluster);
    }

    /** Whether no refcount is too low any more. */
    boolean right() {
        return right;
    }

    /** Whether {@link #correct} could not correct them where they are. */
    boolean rebuildNeeded() {
        return rebuildNeeded;
    }

    /** Compares, and corrects in place where that can be. */
    void correct(ReferenceScan scan, RefcountTable table, MetadataReader reader) throws IOException {
        boolean correctable = scan.countRefcounts(table);
        // What lost its place above must be lost for good before its refcount drops.
        fixes.flush();
        Findings compared = new Findings(Qcow2Check.FINDINGS_CAP);
        Comparison comparison = compare(scan, table, reader, compared, Fixes.NONE);
        rebuildNeeded = !correctable || comparison.unreadable() || comparison.uncounted();
        if (rebuildNeeded || compared.corruptions() + compared.leaks() == 0) {
            findings.append(compared);
            right = !rebuildNeeded;
        } else {
            findings.appendSentences(compared);
            compared = new Findings(Qcow2Check.FINDINGS_CAP);
            compare(scan, table, reader, compared, fixes);
            findings.append(compared);
            right = compared.corruptions() == 0;
        }
        if (!rebuildNeeded && scan.references().fileSize() > file.size()) {
            file.truncate(scan.references().fileSize());
        }
        fixes.flush();
    }

    /**
     * Writes all refcounts anew, and turns the header to them.
     *
     * @param again counts everything once more, for without the old structures
     * @return the new header
     */
    Header rebuild(ReferenceScan again, Findings foundAgain) throws IOException {
        findings.note(() -> "Rebuilding refcount structure");
        again.countMapping(CopiedObserver.NONE);
        ClusterCounts old = counts;
        references = again.references();
        counts = references.counts();
        findings.supersede(foundAgain);
        old.each((cluster, count) -> {
            long left = counts.get(cluster);
            if (left < count) {
                findings.note(() -> "Repairing" + Comparison.sentence(cluster, count, left));
            }
        });
        highest = 0;
        counts.each((cluster, count) -> highest = Math.max(highest, cluster));
        return layOut(cluster -> old.get(cluster) != 0);
    }

    /** Lays the refcounts out anew, where nothing is. */
    Header layOut(RefcountLayout.Occupancy used) throws IOException {
        RefcountLayout layout = new RefcountLayout(
                header, file.name(), cluster -> used.occupied(cluster) || references.namedUncounted(cluster), counts);
        layout.write(fixes);
        // An L1 table that lies on the header may name them as L2 tables from now on.
        for (long cluster : layout.taken()) {
            references.useOtherwise(cluster);
        }
        Header turned = header.withRefcountTable(layout.tableOffset(), layout.tableClusters());
        DamagedHeader.change(
                file,
                sector -> sector.putLong(HeaderFields.REFCOUNT_TABLE_OFFSET, turned.refcountTableOffset())
                        .putInt(HeaderFields.REFCOUNT_TABLE_CLUSTERS, turned.refcountTableClusters()));
        highest = Math.max(highest, layout.highest());
        right = true;
        return turned;
    }

    private Comparison compare(
            ReferenceScan scan, RefcountTable table, MetadataReader reader, Findings into, Fixes allowed)
            throws IOException {
        Comparison comparison = new Comparison(header, reader, table, scan.references(), into, allowed);
        comparison.compare();
        highest = comparison.highest();
        return comparison;
    }
}
