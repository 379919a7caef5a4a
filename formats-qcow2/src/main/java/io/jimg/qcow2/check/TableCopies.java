package io.jimg.qcow2.check;

import io.jimg.qcow2.header.Header;
import io.jimg.storage.Storage;
import io.jimg.validate.Place;
import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * Gives L2 tables of the active L1 table clusters of their own where they lie on something else: on a guest's data, or
 * on other metadata, which a changed entry would damage. For an image whose refcounts are right. Not safe for threads.
 */
final class TableCopies {
    private final Storage file;
    private final Fixes fixes;
    private final Findings findings;
    private final RefcountEdit refcounts;

    TableCopies(Storage file, Fixes fixes, Findings findings, RefcountEdit refcounts) {
        this.file = file;
        this.fixes = fixes;
        this.findings = findings;
        this.refcounts = refcounts;
    }

    /**
     * Copies each such table.
     *
     * @param references tells what lies where; to be asked about clusters that were there when it was counted
     */
    void copy(References references, MetadataReader reader) throws IOException {
        Header header = refcounts.header();
        long start = header.l1TableOffset();
        reader.entries(start, start + (long) header.l1Size() * Long.BYTES, (at, entry) -> {
            long offset = entry & L2Scan.OFFSET_MASK;
            if (copies(header, references, offset)) {
                copy(header, at, offset, reader.read(offset, header.clusterSize()));
            }
        });
    }

    /**
     * Whether a table at a host offset is one to be copied; for {@link UnplacedZeroes}, which leaves what is wrong in
     * it to the copy.
     */
    static boolean copies(Header header, References references, long offset) {
        return offset != 0
                && (offset & (header.clusterSize() - 1)) == 0
                && references.inside(offset, header.clusterSize())
                && references.usedOtherwise(offset)
                && !references.activeTableShared(header);
    }

    private void copy(Header header, long at, long offset, ByteBuffer table) throws IOException {
        long hostOffset = refcounts.take(1) << header.clusterBits();
        findings.corruptionFixed(
                1,
                Place.host(at),
                () -> "Repairing L2 table at 0x" + Long.toHexString(offset) + ", which lies on other data: copied to 0x"
                        + Long.toHexString(hostOffset));
        UnplacedZeroes.drop(header, table);
        fixes.write(table, hostOffset);
        file.flush();
        fixes.entry(at, hostOffset | L2Scan.COPIED);
        file.flush();
        long cluster = offset >>> header.clusterBits();
        refcounts.give(cluster, cluster + 1);
    }
}
