package io.jimg.qcow2.check;

import io.jimg.qcow2.header.Header;
import java.io.IOException;

/**
 * Shows each entry of the active tables whose COPIED flag says something to who corrects it, each L2 table once. Not
 * safe for threads.
 */
final class CopiedRepair {
    private final Header header;
    private final MetadataReader reader;
    private final ClusterFlags seen;

    CopiedRepair(Header header, MetadataReader reader, MemoryBudget budget) {
        this.header = header;
        this.reader = reader;
        this.seen = new ClusterFlags(budget);
    }

    /** Walks the tables. Those at no cluster's start are left alone: what they hold is none. */
    void repair(CopiedObserver flags) throws IOException {
        long start = header.l1TableOffset();
        reader.entries(start, start + (long) header.l1Size() * Long.BYTES, (at, entry) -> {
            long offset = entry & L2Scan.OFFSET_MASK;
            flags.table((at - start) / Long.BYTES, at, entry, offset);
            long cluster = offset >>> header.clusterBits();
            if (offset != 0 && (offset & (header.clusterSize() - 1)) == 0 && !seen.get(cluster)) {
                seen.set(cluster);
                table(offset, flags);
            }
        });
    }

    private void table(long tableOffset, CopiedObserver flags) throws IOException {
        boolean externalData = header.hasDataFile();
        int step = header.l2EntrySize();
        reader.entries(tableOffset, tableOffset + header.clusterSize(), (at, entry) -> {
            long offset = entry & L2Scan.OFFSET_MASK;
            boolean placed = offset != 0 || (externalData && (entry & L2Scan.COPIED) != 0);
            if ((at - tableOffset) % step == 0 && (entry & L2Scan.COMPRESSED) == 0 && placed) {
                flags.data(at, entry, offset, 1);
            }
        });
    }
}
