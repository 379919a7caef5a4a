package io.jimg.qcow2.check;

import io.jimg.qcow2.header.Header;
import io.jimg.storage.Storage;
import java.io.IOException;
import java.nio.ByteBuffer;

/** Corrects refcounts in the blocks that an image has. Not safe for threads. */
final class RefcountCorrection {
    private final Storage file;
    private final Header header;
    private final RefcountTable table;

    RefcountCorrection(Storage file, Header header, RefcountTable table) {
        this.file = file;
        this.header = header;
        this.table = table;
    }

    /** Whether every cluster in use has a refcount to be corrected. */
    boolean hasBlocksFor(ClusterCounts counts) throws IOException {
        boolean[] complete = {true};
        counts.each((cluster, count) -> complete[0] &= table.blockOffset(cluster >>> header.refcountBlockBits()) > 0);
        return complete[0];
    }

    /** Writes the blocks in which a refcount is wrong. */
    void write(ClusterCounts counts) throws IOException {
        for (int i = 0; i < table.size(); i++) {
            if (table.blockOffset(i) > 0) {
                ByteBuffer block = table.block(i);
                if (correct(block, (long) i << header.refcountBlockBits(), counts)) {
                    file.write(block.clear(), table.blockOffset(i));
                }
            }
        }
    }

    private boolean correct(ByteBuffer block, long firstCluster, ClusterCounts counts) {
        boolean changed = false;
        for (int i = 0; i < header.refcountsPerBlock(); i++) {
            long count = counts.get(firstCluster + i);
            if (RefcountTable.refcount(block, i, header.refcountOrder()) != count) {
                RefcountTable.setRefcount(block, i, header.refcountOrder(), count);
                changed = true;
            }
        }
        return changed;
    }
}
