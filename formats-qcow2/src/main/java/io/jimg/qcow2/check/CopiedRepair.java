package io.jimg.qcow2.check;

import io.jimg.qcow2.header.Header;
import io.jimg.storage.Storage;
import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * Makes the COPIED flags of the active tables say what the counted references say: set where a cluster is referred to once (specification: "L1 table entry", "L2 table
 * entry"). Every entry is written by itself, which no power loss tears. Not safe for threads.
 */
final class CopiedRepair {
    private static final long COMPRESSED = 1L << 62;

    private final Storage file;
    private final Header header;
    private final MetadataReader reader;

    CopiedRepair(Storage file, Header header, MetadataReader reader) {
        this.file = file;
        this.header = header;
        this.reader = reader;
    }

    /** Writes the entries that are wrong, in an image whose tables are sound otherwise. */
    void repair(ClusterCounts counts) throws IOException {
        long start = header.l1TableOffset();
        reader.entries(start, start + (long) header.l1Size() * Long.BYTES, (at, entry) -> {
            long offset = entry & L2Scan.OFFSET_MASK;
            if (offset != 0) {
                repair(at, entry, offset, counts);
                repairTable(offset, counts);
            }
        });
    }

    private void repairTable(long tableOffset, ClusterCounts counts) throws IOException {
        if (header.hasDataFile()) {
            return;
        }
        int step = header.l2EntrySize();
        reader.entries(tableOffset, tableOffset + header.clusterSize(), (at, entry) -> {
            long offset = entry & L2Scan.OFFSET_MASK;
            if ((at - tableOffset) % step == 0 && (entry & COMPRESSED) == 0 && offset != 0) {
                repair(at, entry, offset, counts);
            }
        });
    }

    private void repair(long at, long entry, long offset, ClusterCounts counts) throws IOException {
        boolean once = counts.get(offset >>> header.clusterBits()) == 1;
        long right = once ? entry | L2Scan.COPIED : entry & ~L2Scan.COPIED;
        if (right != entry) {
            file.write(ByteBuffer.allocate(Long.BYTES).putLong(0, right), at);
        }
    }
}
