package io.jimg.qcow2.resize;

import io.jimg.qcow2.change.ExclusiveFile;
import java.io.IOException;

/** Gives clusters of guest data back. For one thread. */
final class Released {
    private final ExclusiveFile image;
    private final boolean punch;

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
    void release(long hostOffset, long count) throws IOException {
        int clusterSize = image.header().clusterSize();
        long end = hostOffset + count * clusterSize;
        long from = hostOffset;
        for (long at = hostOffset; punch && at < end; at += clusterSize) {
            if (image.allocator().refcount(at) != 1) {
                punch(from, at);
                from = at + clusterSize;
            }
        }
        if (punch) {
            punch(from, end);
        }
        image.allocator().release(hostOffset, count);
    }

    /** Where the storage cannot punch, the space stays the file's: nothing is lost but room. */
    private void punch(long from, long end) throws IOException {
        if (end > from) {
            image.file().punch(from, end - from);
        }
    }
}
