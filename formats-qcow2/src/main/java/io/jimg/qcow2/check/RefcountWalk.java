package io.jimg.qcow2.check;

import io.jimg.qcow2.header.Header;
import io.jimg.qcow2.header.HostRange;
import io.jimg.validate.Place;
import java.io.IOException;

/**
 * Counts the references of the refcount table to its blocks (specification: "Host cluster management"). Not safe for
 * threads.
 */
final class RefcountWalk {
    private final Header header;
    private final RefcountTable table;
    private final References references;
    private final Findings findings;
    private final Fixes fixes;
    private boolean broken;

    RefcountWalk(Header header, RefcountTable table, References references, Findings findings, Fixes fixes) {
        this.header = header;
        this.table = table;
        this.references = references;
        this.findings = findings;
        this.fixes = fixes;
    }

    /** Whether refcounts cannot be corrected where they are: a block is nowhere, or not alone in its place. */
    boolean broken() {
        return broken;
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
            findings.corruption(
                    1, entryPlace(index), () -> "ERROR refcount table entry " + index + " has reserved bits set");
            broken = true;
        } else if (table.unaligned(index)) {
            findings.corruption(
                    1,
                    entryPlace(index),
                    () -> "ERROR refcount block " + index + " is not cluster aligned; refcount table entry corrupted");
            broken = true;
        } else if (offset < 0 || cluster >= references.clusters()) {
            outside(index, offset);
        } else if (offset != 0) {
            references.count(offset, header.clusterSize(), 1);
            long count = references.counts().get(cluster);
            if (count != 1) {
                findings.corruption(
                        1,
                        new Place(Place.Kind.CLUSTER, cluster),
                        () -> "ERROR refcount block " + index + " refcount=" + count);
                broken = true;
            }
        }
    }

    private Place entryPlace(int index) {
        return Place.host(header.refcountTableOffset() + (long) index * Long.BYTES);
    }

    /** A block behind the file's end holds zeroes once the file reaches so far. */
    private void outside(int index, long offset) throws IOException {
        if (!fixes.errors()) {
            findings.truncation(1, entryPlace(index), () -> "ERROR refcount block " + index + " is outside image");
            return;
        }
        findings.corruptionFixed(1, entryPlace(index), () -> "Repairing refcount block " + index + " is outside image");
        if (HostRange.reaches(offset, header.clusterSize())) {
            references.grow(offset + header.clusterSize());
            references.count(offset, header.clusterSize(), 1);
        } else {
            findings.note(() -> "ERROR could not resize image: Invalid argument");
            broken = true;
        }
    }
}
