package io.jimg.qcow2.image;

import io.jimg.qcow2.allocation.Allocation;
import io.jimg.qcow2.allocation.ClusterAllocator;
import io.jimg.qcow2.allocation.DeferredFrees;
import java.io.IOException;

/**
 * Where guest clusters find their host clusters: in the image's own file, or at their own place in an external data
 * file.
 */
interface DataSpace {

    /**
     * Takes up to {@code clusters} host clusters in a row for guest clusters from {@code guestOffset} on; at least one.
     */
    Allocation allocate(long guestOffset, int clusters) throws IOException;

    /** Gives back what {@link #allocate} gave and nothing points to. */
    void release(Allocation allocation) throws IOException;

    /**
     * Lowers the refcounts of clusters that have just left the mapping, when it is safe.
     *
     * @param punch whether the host may have their space back
     */
    void free(long hostOffset, long clusters, boolean punch);

    /**
     * Throws where host bytes that the mapping calls the guest's are metadata. Takes no lock.
     *
     * @throws io.jimg.ImageException {@link io.jimg.ErrorKind#CORRUPT} with QEMU's sentence
     */
    void checkWrite(long hostOffset, long length) throws IOException;

    /** Clusters with refcounts. */
    record Refcounted(ClusterAllocator allocator, DeferredFrees frees, boolean punchAll) implements DataSpace {
        @Override
        public Allocation allocate(long guestOffset, int clusters) throws IOException {
            return allocator.allocate(clusters);
        }

        @Override
        public void release(Allocation allocation) throws IOException {
            allocator.release(allocation.hostOffset(), allocation.clusters());
        }

        @Override
        public void free(long hostOffset, long clusters, boolean punch) {
            // In a damaged image it may be metadata as well: then it stays.
            if (!allocator.holdsMetadata(hostOffset, clusters)) {
                frees.add(new DeferredFrees.Run(hostOffset, clusters, punch || punchAll));
            }
        }

        @Override
        public void checkWrite(long hostOffset, long length) throws IOException {
            allocator.checkWrite(hostOffset, length, null);
        }
    }

    /** Each guest cluster has the place with its own number; nothing is counted, and a place may hold old bytes. */
    record External() implements DataSpace {
        @Override
        public Allocation allocate(long guestOffset, int clusters) {
            return new Allocation(guestOffset, clusters, false);
        }

        @Override
        public void release(Allocation allocation) {}

        @Override
        public void free(long hostOffset, long clusters, boolean punch) {}

        @Override
        public void checkWrite(long hostOffset, long length) {}
    }
}
