package io.jimg.qcow2.resize;

import io.jimg.ImageException;
import io.jimg.qcow2.change.ExclusiveFile;
import io.jimg.qcow2.tree.L2Content;
import java.io.IOException;

/**
 * Gives clusters of guest data back. What is wrong with them no longer matters where the guest has given them up: it is
 * told aside, and their space leaks. For one thread.
 */
final class Released implements L2Content.References {
    private final ExclusiveFile image;
    private final boolean punch;
    private boolean damageTold;

    /**
     * For one change.
     *
     * @param punch whether the host gets the space back, too
     */
    Released(ExclusiveFile image, boolean punch) {
        this.image = image;
        this.punch = punch;
    }

    /**
     * Lowers the refcounts of clusters that follow each other. One that nobody else refers to is punched before, for
     * then the next writer may have it.
     */
    @Override
    public void clusters(long hostOffset, long count) throws IOException {
        int clusterSize = image.header().clusterSize();
        long end = hostOffset + count * clusterSize;
        long from = hostOffset;
        long counted = hostOffset;
        for (long at = hostOffset; at < end; at += clusterSize) {
            long refcount = image.allocator().refcount(at);
            if (refcount != 1) {
                punch(from, at);
                from = at + clusterSize;
            }
            if (refcount == 0) {
                image.notices().remark("qcow2_free_clusters failed: Invalid argument");
                release(counted, at);
                counted = at + clusterSize;
            }
        }
        punch(from, end);
        release(counted, end);
    }

    @Override
    public void unaligned(ImageException damage) {
        if (!damageTold) {
            damageTold = true;
            image.notices()
                    .remark("qcow2: Image is corrupt: Cannot free unaligned cluster 0x"
                            + Long.toHexString(damage.offset())
                            + "; further non-fatal corruption events will be suppressed");
        }
    }

    private void release(long from, long end) throws IOException {
        if (end > from) {
            image.allocator().release(from, (end - from) / image.header().clusterSize());
        }
    }

    /** Where the storage cannot punch, the space stays the file's: nothing is lost but room. */
    private void punch(long from, long end) throws IOException {
        if (punch && end > from) {
            image.file().punch(from, end - from);
        }
    }
}
