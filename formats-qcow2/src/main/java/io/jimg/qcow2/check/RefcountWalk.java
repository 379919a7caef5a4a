package io.jimg.qcow2.check;

import io.jimg.qcow2.header.Header;
import java.io.IOException;

/** Counts the references of the refcount table to its blocks (specification: "Host cluster management"). Not safe for threads. */
final class RefcountWalk {
    private final Header header;
    private final RefcountTable table;
    private final References references;
    private final Findings findings;

    RefcountWalk(Header header, RefcountTable table, References references, Findings findings) {
        this.header = header;
        this.table = table;
        this.references = references;
        this.findings = findings;
    }

    /** Counts the table itself, then its blocks. */
    void walk() throws IOException {
        references.count(
                header.refcountTableOffset(), (long) header.refcountTableClusters() << header.clusterBits(), 1);
        for (int i = 0; i < table.size(); i++) {
            block(i);
        }
    }

    private void block(int index) throws IOException {
        long offset = table.blockOffset(index);
        long cluster = offset >>> header.clusterBits();
        if (table.reserved(index)) {
            findings.corruption(1, () -> "ERROR refcount table entry " + index + " has reserved bits set");
        } else if (table.unaligned(index)) {
            findings.corruption(
                    1,
                    () -> "ERROR refcount block " + index + " is not cluster aligned; refcount table entry corrupted");
        } else if (offset < 0 || cluster >= references.clusters()) {
            findings.corruption(1, () -> "ERROR refcount block " + index + " is outside image");
        } else if (offset != 0) {
            references.count(offset, header.clusterSize(), 1);
            long count = references.counts().get(cluster);
            if (count != 1) {
                findings.corruption(1, () -> "ERROR refcount block " + index + " refcount=" + count);
            }
        }
    }
}
