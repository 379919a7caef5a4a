package io.jimg.qcow2.check;

import io.jimg.qcow2.header.Header;
import io.jimg.qcow2.header.HeaderLimits;
import io.jimg.qcow2.header.SnapshotEntry;
import io.jimg.qcow2.header.SnapshotTable;
import io.jimg.validate.Place;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * Walks the active L1 table, then those of the snapshots, and scans each L2 table once, however often it is referred
 * to: what it refers to is counted as many times (specification: "Cluster mapping", "Snapshots"). Not safe for threads.
 */
final class MappingWalk {
    /**
     * An L2 table may start at any of {@code cluster size / 512} places of a cluster once offsets need not be aligned;
     * beyond so many it is not worth the time.
     */
    private static final int UNALIGNED_TABLES_FOLLOWED = 64;

    private static final long RESERVED = 0x7f00_0000_0000_01ffL;

    private final Header header;
    private final MetadataReader reader;
    private final References references;
    private final Findings findings;
    private final CopiedObserver copied;
    private final L2Scan scan;
    private final TableWeights weights;
    private final WeightedRanges snapshotTables = new WeightedRanges();
    private final WeightedRanges snapshotClusters = new WeightedRanges();
    private final AllocationTotals totals = new AllocationTotals();
    private int unalignedTables;

    MappingWalk(
            Header header,
            MetadataReader reader,
            References references,
            Findings findings,
            CopiedObserver copied,
            @Nullable UnplacedZeroes unplaced,
            MemoryBudget budget)
            throws IOException {
        this.header = header;
        this.reader = reader;
        this.references = references;
        this.findings = findings;
        this.copied = copied;
        this.scan = new L2Scan(header, reader, references, findings, copied, unplaced);
        this.weights = new TableWeights(budget);
    }

    /** Totals of the active tables. */
    AllocationTotals totals() {
        return totals;
    }

    /** Walks everything. */
    void walk(SnapshotTable snapshots) throws IOException {
        long start = header.l1TableOffset();
        long bytes = (long) header.l1Size() * Long.BYTES;
        weigh(start, start + bytes, 1, true);
        for (SnapshotEntry snapshot : snapshots.entries()) {
            if (sound(snapshot)) {
                snapshotTables.add(snapshot.l1TableOffset(), end(snapshot));
            }
        }
        snapshotTables.cut();
        snapshotTables.each((from, to, weight) -> weigh(from, to, weight, false));

        references.count(start, bytes, 1);
        reader.entries(start, start + bytes, (at, entry) -> {
            copied.table((at - start) / Long.BYTES, at, entry, entry & L2Scan.OFFSET_MASK);
            tableEntry(at, entry, 1);
        });
        for (SnapshotEntry snapshot : snapshots.entries()) {
            walk(snapshot);
        }
        snapshotClusters.cut();
        references.count(snapshotClusters);
    }

    private void walk(SnapshotEntry snapshot) throws IOException {
        if (!aligned(snapshot.l1TableOffset())) {
            findings.corruption(
                    1,
                    place(snapshot),
                    () -> title(snapshot) + " l1_offset=0x" + Long.toHexString(snapshot.l1TableOffset())
                            + ": L1 table is not cluster aligned; snapshot table entry corrupted");
        } else if (snapshot.l1Size() > HeaderLimits.MAX_L1_BYTES / Long.BYTES) {
            findings.corruption(
                    1,
                    place(snapshot),
                    () -> title(snapshot) + " l1_size=0x" + Long.toHexString(snapshot.l1Size())
                            + ": L1 table is too large; snapshot table entry corrupted");
        } else if (snapshot.l1Size() > 0) {
            long bytes = snapshot.l1Size() * Long.BYTES;
            if (references.fits(snapshot.l1TableOffset(), bytes, 1)) {
                snapshotClusters.addRounded(snapshot.l1TableOffset(), bytes, header.clusterBits());
            }
            if (sound(snapshot)) {
                snapshotTables.take(
                        snapshot.l1TableOffset(),
                        end(snapshot),
                        (from, to, weight) -> reader.entries(from, to, (at, entry) -> tableEntry(at, entry, weight)));
            }
        }
    }

    private Place place(SnapshotEntry snapshot) {
        return Place.host(header.snapshotsOffset() + snapshot.tableOffset());
    }

    /** One L1 entry, which stands for {@code times} where L1 tables share it. */
    private void tableEntry(long at, long entry, long times) throws IOException {
        long offset = entry & L2Scan.OFFSET_MASK;
        if ((entry & RESERVED) != 0) {
            findings.corruption(
                    times,
                    Place.host(at),
                    () -> "ERROR found L1 entry with reserved bits set: " + Long.toHexString(entry));
        }
        long weight = weights.total(offset);
        if (weight > 0) {
            references.countTable(offset, header.clusterSize(), weight);
        }
        boolean follow = weight > 0;
        if (!aligned(offset)) {
            findings.corruption(
                    times,
                    Place.host(at),
                    () -> "ERROR l2_offset=" + Long.toHexString(offset)
                            + ": Table is not cluster aligned; L1 entry corrupted");
            follow = follow && unalignedTables++ < UNALIGNED_TABLES_FOLLOWED;
        }
        if (weight > 0) {
            weights.take(offset);
        }
        if (follow) {
            long active = weights.active(offset);
            // What lies behind offset 0 is the header, whose COPIED flags are none.
            totals.add(scan.scan(offset, weight, offset == 0 ? 0 : active), active);
            reader.passed(header.l2Entries());
        }
    }

    private void weigh(long start, long end, long weight, boolean active) throws IOException {
        reader.entries(start, end, (at, entry) -> weights.add(entry & L2Scan.OFFSET_MASK, weight, active));
    }

    private boolean sound(SnapshotEntry snapshot) {
        return aligned(snapshot.l1TableOffset())
                && snapshot.l1TableOffset() >= 0
                && snapshot.l1Size() <= HeaderLimits.MAX_L1_BYTES / Long.BYTES
                && snapshot.l1TableOffset() <= Long.MAX_VALUE - HeaderLimits.MAX_L1_BYTES;
    }

    private boolean aligned(long offset) {
        return (offset & (header.clusterSize() - 1)) == 0;
    }

    private static long end(SnapshotEntry snapshot) {
        return snapshot.l1TableOffset() + snapshot.l1Size() * Long.BYTES;
    }

    private static String title(SnapshotEntry snapshot) {
        return "ERROR snapshot " + printable(snapshot.id()) + " (" + printable(snapshot.name()) + ")";
    }

    /** What QEMU prints of a text in a table: it ends at a zero byte. */
    private static String printable(String text) {
        int end = text.indexOf('\0');
        return end < 0 ? text : text.substring(0, end);
    }
}
