package io.jimg.qcow2.check;

import io.jimg.qcow2.header.Header;
import io.jimg.validate.Place;
import java.io.IOException;
import java.util.function.LongPredicate;
import java.util.function.Supplier;

/**
 * Holds the COPIED flags of the active tables against the refcounts, and corrects them where it may (specification: "L1
 * table entry", "L2 table entry"). QEMU does it last, so its sentences go to a list of their own. Every entry is
 * written by itself, which no power loss tears. Not safe for threads.
 */
final class CopiedFlags implements CopiedObserver {
    private final Header header;
    private final RefcountTable table;
    private final SoleOwners owners;
    private final Findings findings;
    private final Fixes fixes;
    private final LongPredicate untouchable;
    private final boolean externalData;

    /** Flags that are looked at alone. */
    CopiedFlags(Header header, RefcountTable table, SoleOwners owners, Findings findings) {
        this(header, table, owners, findings, Fixes.NONE, at -> true);
    }

    /**
     * Flags.
     *
     * @param untouchable whether the entry at a host offset lies on other data and must not be written
     */
    CopiedFlags(
            Header header,
            RefcountTable table,
            SoleOwners owners,
            Findings findings,
            Fixes fixes,
            LongPredicate untouchable) {
        this.header = header;
        this.table = table;
        this.owners = owners;
        this.findings = findings;
        this.fixes = fixes;
        this.untouchable = untouchable;
        this.externalData = header.hasDataFile();
    }

    @Override
    public void table(long index, long at, long entry, long tableOffset) throws IOException {
        long cluster = tableOffset >>> header.clusterBits();
        boolean owned = tableOffset != 0 && owners.owned(cluster);
        if (tableOffset != 0 && owned != copied(entry)) {
            long refcount = findings.full() ? 0 : table.refcount(cluster);
            wrong(
                    at,
                    entry,
                    1,
                    () -> " OFLAG_COPIED L2 cluster: l1_index=" + index + " l1_entry=" + Long.toHexString(entry)
                            + " refcount=" + Long.toUnsignedString(refcount));
        }
    }

    @Override
    public void data(long at, long entry, long offset, long times) throws IOException {
        long cluster = offset >>> header.clusterBits();
        if ((externalData || owners.owned(cluster)) != copied(entry)) {
            long refcount = externalData ? 1 : findings.full() ? 0 : table.refcount(cluster);
            wrong(
                    at,
                    entry,
                    times,
                    () -> " OFLAG_COPIED data cluster: l2_entry=" + Long.toHexString(entry) + " refcount="
                            + Long.toUnsignedString(refcount));
        }
    }

    private void wrong(long at, long entry, long times, Supplier<String> sentence) throws IOException {
        if (fixes.leaks() && !untouchable.test(at)) {
            findings.corruptionFixed(times, Place.host(at), () -> "Repairing" + sentence.get());
            fixes.entry(at, entry ^ L2Scan.COPIED);
        } else {
            findings.corruption(times, Place.host(at), () -> "ERROR" + sentence.get());
        }
    }

    private static boolean copied(long entry) {
        return (entry & L2Scan.COPIED) != 0;
    }
}
