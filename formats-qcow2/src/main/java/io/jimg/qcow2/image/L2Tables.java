package io.jimg.qcow2.image;

import io.jimg.qcow2.allocation.Allocation;
import io.jimg.qcow2.allocation.ClusterAllocator;
import io.jimg.qcow2.allocation.ClusterUse;
import io.jimg.qcow2.allocation.DeferredFrees;
import io.jimg.qcow2.allocation.MetadataSection;
import io.jimg.qcow2.mapping.Geometry;
import io.jimg.qcow2.mapping.L1Table;
import io.jimg.storage.Storage;
import io.jimg.storage.StorageEvent;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Sees to it that an L2 table exists and is this image's alone before an entry of it changes. The table is written in
 * full before the L1 entry points to it, so that power loss leaves a leak at worst.
 */
final class L2Tables {
    private static final int STRIPES = 64;

    private final Geometry geometry;
    private final L1Table l1;
    private final long l1Offset;
    private final Storage file;
    private final ClusterAllocator allocator;
    private final DeferredFrees frees;
    private final ReentrantLock[] locks = new ReentrantLock[STRIPES];

    /**
     * The tables that an L1 table points to.
     *
     * @param l1Offset where that lies on the host
     */
    L2Tables(
            Geometry geometry,
            L1Table l1,
            long l1Offset,
            Storage file,
            ClusterAllocator allocator,
            DeferredFrees frees) {
        this.geometry = geometry;
        this.l1 = l1;
        this.l1Offset = l1Offset;
        this.file = file;
        this.allocator = allocator;
        this.frees = frees;
        for (int i = 0; i < STRIPES; i++) {
            locks[i] = new ReentrantLock();
        }
    }

    /** Whether there is a table for a guest offset, shared or not. */
    boolean exists(long guestOffset) throws IOException {
        return l1.tableOffset(geometry.l1Index(guestOffset)) != 0;
    }

    /** Makes the table of a guest offset changeable. */
    void own(long guestOffset) throws IOException {
        int index = (int) geometry.l1Index(guestOffset);
        if (owned(index)) {
            allocator.checkWrite(l1.tableOffset(index), geometry.clusterSize(), MetadataSection.ACTIVE_L2);
            return;
        }
        ReentrantLock lock = locks[index % STRIPES];
        lock.lock();
        try {
            if (!owned(index)) {
                replace(index);
            }
        } finally {
            lock.unlock();
        }
    }

    private boolean owned(int index) throws IOException {
        return l1.owned(index) && l1.tableOffset(index) != 0;
    }

    private void replace(int index) throws IOException {
        long old = l1.tableOffset(index);
        if (old != 0) {
            file.about(StorageEvent.L2_ALLOC_COW_READ);
        }
        ByteBuffer content = old == 0
                ? ByteBuffer.allocate(geometry.clusterSize())
                : GuestMap.read(file, old, geometry.clusterSize());
        allocator.checkWrite(l1Offset + (long) index * Long.BYTES, Long.BYTES, MetadataSection.ACTIVE_L1);
        Allocation place = allocator.allocate(1, ClusterUse.L2_TABLE);
        try {
            file.about(StorageEvent.L2_ALLOC_WRITE);
            file.write(content, place.hostOffset());
        } catch (IOException failure) {
            allocator.release(place.hostOffset(), place.clusters());
            throw failure;
        }
        l1.set(index, place.hostOffset());
        allocator.movedL2Table(old, place.hostOffset());
        if (old != 0) {
            frees.add(new DeferredFrees.Run(old, 1, false));
        }
    }
}
