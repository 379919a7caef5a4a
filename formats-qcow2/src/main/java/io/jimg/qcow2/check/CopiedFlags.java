package io.jimg.qcow2.check;

import io.jimg.qcow2.header.Header;
import java.io.IOException;

/**
 * Holds the COPIED flags of the active tables against the refcounts. QEMU does it last, so its sentences go to a list of their own. Not safe for threads.
 */
final class CopiedFlags implements CopiedObserver {
    private final RefcountTable table;
    private final SoleOwners owners;
    private final Findings findings;
    private final int clusterBits;
    private final boolean externalData;

    CopiedFlags(Header header, RefcountTable table, SoleOwners owners, Findings findings) {
        this.table = table;
        this.owners = owners;
        this.findings = findings;
        this.clusterBits = header.clusterBits();
        this.externalData = header.hasDataFile();
    }

    @Override
    public void table(long index, long entry, long tableOffset) throws IOException {
        long cluster = tableOffset >>> clusterBits;
        if (tableOffset != 0 && owners.owned(cluster) != ((entry & L2Scan.COPIED) != 0)) {
            long refcount = findings.full() ? 0 : table.refcount(cluster);
            findings.corruption(
                    1,
                    () -> "ERROR OFLAG_COPIED L2 cluster: l1_index=" + index + " l1_entry=" + Long.toHexString(entry)
                            + " refcount=" + Long.toUnsignedString(refcount));
        }
    }

    @Override
    public void data(long entry, long offset, long times) throws IOException {
        long cluster = offset >>> clusterBits;
        if ((externalData || owners.owned(cluster)) != ((entry & L2Scan.COPIED) != 0)) {
            long refcount = externalData ? 1 : findings.full() ? 0 : table.refcount(cluster);
            findings.corruption(
                    times,
                    () -> "ERROR OFLAG_COPIED data cluster: l2_entry=" + Long.toHexString(entry) + " refcount="
                            + Long.toUnsignedString(refcount));
        }
    }
}
