package io.jimg.qcow2.image;

import io.jimg.qcow2.allocation.CountedClusters;
import io.jimg.qcow2.header.Header;
import io.jimg.storage.HostExtent;
import io.jimg.storage.Storage;
import java.io.IOException;

/**
 * Knows where data clusters lie in holes of the file, and so are zero without being read: those of an image whose
 * metadata alone was preallocated. As the question costs, it is asked only of a file of which not much more than nine
 * tenths of the clusters in use are there; that is QEMU's rule, too. Safe for many threads.
 */
final class HostHoles {
    /** Clusters: the last ones of any image are seldom written to their ends. */
    private static final long LEAST_MISSING = 2;

    private enum Worth {
        UNKNOWN,
        YES,
        NO
    }

    private final Storage file;
    private final Header header;
    private final boolean possible;
    private volatile Worth worth = Worth.UNKNOWN;

    /**
     * Knows nothing yet.
     *
     * @param possible whether data clusters lie in that file at all
     */
    HostHoles(Storage file, Header header, boolean possible) {
        this.file = file;
        this.header = header;
        this.possible = possible;
    }

    /** The run of data at a host offset, cut where a hole begins or ends. */
    HostExtent at(long hostOffset, long length) throws IOException {
        if (!worthAsking()) {
            return new HostExtent(hostOffset, length, false);
        }
        return hostOffset >= file.size()
                ? new HostExtent(hostOffset, length, true)
                : file.extentAt(hostOffset, Math.min(length, file.size() - hostOffset));
    }

    private boolean missesMuch(long allocatedClusters) throws IOException {
        long many = Math.max(allocatedClusters * 10 / 9, allocatedClusters + LEAST_MISSING);
        return CountedClusters.atLeast(file, header, many);
    }

    private boolean worthAsking() throws IOException {
        if (possible && worth == Worth.UNKNOWN) {
            long allocated = file.allocatedSize();
            worth = allocated != Storage.UNKNOWN_SIZE && missesMuch(allocated / header.clusterSize())
                    ? Worth.YES
                    : Worth.NO;
        }
        return worth == Worth.YES;
    }
}
