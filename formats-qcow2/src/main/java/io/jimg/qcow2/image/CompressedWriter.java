package io.jimg.qcow2.image;

import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.qcow2.allocation.ClusterAllocator;
import io.jimg.qcow2.mapping.Geometry;
import io.jimg.qcow2.mapping.Run;
import io.jimg.spi.RangeLock;
import io.jimg.storage.Storage;
import io.jimg.storage.StorageEvent;
import java.io.IOException;
import java.nio.ByteBuffer;

/** The way of a compressed cluster into the image: streams are packed one behind the other. */
final class CompressedWriter {
    private final WriteSide side;
    private final Geometry geometry;
    private final ClusterAllocator allocator;
    private final Storage file;

    CompressedWriter(WriteSide side, ClusterAllocator allocator, Storage file) {
        this.side = side;
        this.geometry = side.map().codec().geometry();
        this.allocator = allocator;
        this.file = file;
    }

    /**
     * Fills the cluster at an offset.
     *
     * @throws ImageException {@link ErrorKind#IO} where it has a place on the host already, as in QEMU
     */
    void write(long guestOffset, ByteBuffer stream) throws IOException {
        int length = stream.remaining();
        if (geometry.inCluster(guestOffset) != 0 || length == 0 || length >= geometry.clusterSize()) {
            throw new IllegalArgumentException("a stream of " + length + " bytes for guest offset " + guestOffset);
        }
        side.header().beforeWrite();
        try (RangeLock.Held held = side.ranges().lock(guestOffset, geometry.clusterSize())) {
            requireNoPlace(guestOffset);
            side.header().beforeAllocation();
            side.tables().own(guestOffset);
            file.about(StorageEvent.CLUSTER_ALLOC_BYTES);
            long place = allocator.allocateBytes(length);
            long entry = side.map().codec().compressedEntry(place, length);
            int index = side.map().cache().indexInSlice(guestOffset);
            try {
                file.about(StorageEvent.WRITE_COMPRESSED);
                file.write(stream, place);
                side.map().cache().update(guestOffset, slice -> slice.set(index, entry, 0));
            } catch (IOException failure) {
                release(place, length);
                throw failure;
            }
        }
    }

    private void requireNoPlace(long guestOffset) throws IOException {
        Run there = side.map().mapper().find(guestOffset, geometry.clusterSize());
        if (there.hostOffset() != Run.NOWHERE) {
            throw new ImageException(ErrorKind.IO, "Input/output error", file.name(), guestOffset, null);
        }
    }

    private void release(long place, int length) throws IOException {
        long first = geometry.clusterStart(place);
        allocator.release(first, geometry.clusters(place + length - first));
    }
}
