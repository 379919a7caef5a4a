package io.jimg.qcow2.image;

import io.jimg.qcow2.allocation.ClusterAllocator;
import io.jimg.qcow2.mapping.Geometry;
import io.jimg.qcow2.mapping.Run;
import io.jimg.qcow2.mapping.RunKind;
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

    /** Replaces the cluster at an offset. */
    void write(long guestOffset, ByteBuffer stream) throws IOException {
        int length = stream.remaining();
        if (geometry.inCluster(guestOffset) != 0 || length == 0 || length >= geometry.clusterSize()) {
            throw new IllegalArgumentException("a stream of " + length + " bytes for guest offset " + guestOffset);
        }
        side.header().beforeWrite();
        try (RangeLock.Held held = side.ranges().lock(guestOffset, geometry.clusterSize())) {
            side.header().beforeAllocation();
            side.tables().own(guestOffset);
            Run old = side.map().mapper().find(guestOffset, geometry.clusterSize());
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
            if (old.kind() == RunKind.COMPRESSED) {
                side.freeStream(old.hostOffset(), old.streamLimit(), false);
            } else if (old.hostOffset() != Run.NOWHERE) {
                side.space().free(old.hostOffset(), 1, false);
            }
        }
    }

    private void release(long place, int length) throws IOException {
        long first = geometry.clusterStart(place);
        allocator.release(first, geometry.clusters(place + length - first));
    }
}
