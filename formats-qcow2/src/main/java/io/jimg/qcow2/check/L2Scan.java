package io.jimg.qcow2.check;

import io.jimg.qcow2.header.Header;
import io.jimg.validate.Place;
import java.io.IOException;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * Goes through the entries of L2 tables: counts what they refer to and finds what no entry may be (specification: "L2
 * table entry", "Extended L2 Entries"). The sentences are QEMU's, and in its order. Not safe for threads.
 */
final class L2Scan {
    static final long OFFSET_MASK = 0x00ff_ffff_ffff_fe00L;
    static final long COPIED = 1L << 63;

    static final long COMPRESSED = 1L << 62;
    private static final long ZERO = 1;
    private static final long RESERVED = 0x3f00_0000_0000_01feL;
    private static final long ALL_SUBCLUSTERS = 0xffff_ffffL;
    private static final int SECTOR = 512;

    private final Header header;
    private final MetadataReader reader;
    private final References references;
    private final Findings findings;
    private final CopiedObserver copied;
    private final @Nullable UnplacedZeroes unplaced;
    private final boolean extended;
    private final boolean externalData;
    private final int compressedOffsetBits;
    private final ByteBuffer table;

    // What holds for the table at hand.
    private long weight;
    private long activeWeight;
    private long tableStart;
    private AllocationTotals totals = new AllocationTotals();
    private long nextOffset;

    L2Scan(
            Header header,
            MetadataReader reader,
            References references,
            Findings findings,
            CopiedObserver copied,
            @Nullable UnplacedZeroes unplaced) {
        this.header = header;
        this.reader = reader;
        this.references = references;
        this.findings = findings;
        this.copied = copied;
        this.unplaced = unplaced;
        this.extended = header.extendedL2();
        this.externalData = header.hasDataFile();
        this.compressedOffsetBits = 62 - (header.clusterBits() - 8);
        this.table = ByteBuffer.allocate(header.clusterSize());
    }

    /**
     * Scans one table.
     *
     * @param tableOffset where it lies; what lies past the file's end is zero
     * @param totalWeight how many L1 entries refer to it
     * @param weightInActive how many entries of the active L1 table do
     * @return totals of the table, counted once
     */
    AllocationTotals scan(long tableOffset, long totalWeight, long weightInActive) throws IOException {
        tableStart = tableOffset;
        weight = totalWeight;
        activeWeight = weightInActive;
        totals = new AllocationTotals();
        nextOffset = 0;
        if (!reader.knownZero(tableOffset, header.clusterSize())) {
            reader.read(table.clear(), tableOffset);
            int size = header.l2EntrySize();
            for (int index = 0; index < header.l2Entries(); index++) {
                long entry = table.getLong(index * size);
                long bitmap = extended ? table.getLong(index * size + Long.BYTES) : 0;
                if ((entry & COMPRESSED) != 0) {
                    compressed(index, entry, bitmap);
                } else if ((entry | bitmap) != 0) {
                    standard(index, entry, bitmap);
                }
            }
        }
        return totals;
    }

    private Place entryPlace(int index) {
        return Place.host(tableStart + (long) index * header.l2EntrySize());
    }

    private void compressed(int index, long entry, long bitmap) throws IOException {
        long offset = entry & ((1L << compressedOffsetBits) - 1);
        if ((entry & COPIED) != 0) {
            findings.corruption(
                    weight,
                    entryPlace(index),
                    () -> "ERROR: coffset=0x" + Long.toHexString(offset)
                            + ": copied flag must never be set for compressed clusters");
        }
        long plain = entry & ~COPIED;
        if (externalData) {
            findings.corruption(
                    weight,
                    entryPlace(index),
                    () -> "ERROR compressed cluster " + index + " with data file, entry=0x" + Long.toHexString(plain));
            return;
        }
        if (bitmap != 0) {
            findings.corruption(
                    weight,
                    entryPlace(index),
                    () -> "ERROR compressed cluster " + index + " with non-zero subcluster allocation bitmap, entry=0x"
                            + Long.toHexString(plain));
            return;
        }
        long sectors = (plain & ~COMPRESSED) >>> compressedOffsetBits;
        references.count(offset, (sectors + 1) * SECTOR - (offset & (SECTOR - 1)), weight);
        totals.compressedCluster();
    }

    private void standard(int index, long entry, long bitmap) throws IOException {
        if ((entry & RESERVED) != 0) {
            findings.corruption(
                    weight,
                    entryPlace(index),
                    () -> "ERROR found l2 entry with reserved bits set: " + Long.toHexString(entry));
        }
        long offset = entry & OFFSET_MASK;
        boolean placed = offset != 0 || (externalData && (entry & COPIED) != 0);
        if (!placed) {
            if ((bitmap & ALL_SUBCLUSTERS) != 0) {
                findings.corruption(
                        weight,
                        entryPlace(index),
                        () -> "ERROR: Unallocated cluster has non-zero subcluster allocation map");
            }
            return;
        }
        if ((bitmap & bitmap >>> 32 & ALL_SUBCLUSTERS) != 0) {
            findings.corruption(
                    weight,
                    entryPlace(index),
                    () -> "ERROR offset=" + Long.toHexString(offset)
                            + ": Allocated cluster has corrupted subcluster allocation bitmap");
        }
        if ((offset & (header.clusterSize() - 1)) != 0) {
            boolean zero = readsAsZeroes(header, entry, bitmap);
            if (zero && unplaced != null) {
                findings.corruptionFixed(
                        1,
                        entryPlace(index),
                        () -> "Repairing offset=" + Long.toHexString(offset)
                                + ": Preallocated cluster is not properly aligned; L2 entry corrupted.");
                unplaced.add(tableStart, index, offset, weight, activeWeight == weight);
                return;
            }
            findings.corruption(
                    weight,
                    entryPlace(index),
                    () -> "ERROR offset=" + Long.toHexString(offset) + ": " + (zero ? "Preallocated" : "Data")
                            + " cluster is not properly aligned; L2 entry corrupted.");
        }
        totals.standardCluster(nextOffset == 0 || offset == nextOffset);
        nextOffset = offset + header.clusterSize();
        if (!externalData) {
            references.count(offset, header.clusterSize(), weight);
        }
        if (activeWeight > 0) {
            copied.data(tableStart + (long) index * header.l2EntrySize(), entry, offset, activeWeight);
        }
    }

    /** Whether a standard entry that has a host cluster shows nothing of it. */
    static boolean readsAsZeroes(Header header, long entry, long bitmap) {
        return header.extendedL2() ? (bitmap & ALL_SUBCLUSTERS) == 0 : (entry & ZERO) != 0;
    }
}
