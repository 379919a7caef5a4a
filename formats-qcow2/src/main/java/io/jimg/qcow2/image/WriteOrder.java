package io.jimg.qcow2.image;

import io.jimg.qcow2.allocation.Allocation;
import io.jimg.qcow2.allocation.ClusterAllocator;
import io.jimg.qcow2.allocation.DeferredFrees;
import io.jimg.qcow2.mapping.Geometry;
import io.jimg.qcow2.mapping.L1Table;
import io.jimg.qcow2.mapping.L2Cache;
import io.jimg.qcow2.mapping.L2Slice;
import io.jimg.storage.Storage;
import io.jimg.storage.StorageEvent;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The one place that brings metadata to the host, in an order such that power loss at any moment leaves leaked clusters
 * at worst:
 *
 * <ol>
 *   <li>Take the frees that wait, then the changes of the mapping, as they are now. What comes later belongs to the
 *       next flush; so everything that the taken entries point to was written, or counted in memory, before.
 *   <li>Write the changed refcount blocks. If the refcount table changed: barrier, then the table; if it moved:
 *       barrier, then the header, barrier.
 *   <li>Barrier: guest data, new L2 tables and refcounts are durable.
 *   <li>Write the L2 and L1 entries that were taken.
 *   <li>Barrier: the entries are durable, and so is the removal of pointers to what is to be freed.
 *   <li>Lower the refcounts of what no request can be using any more ({@link io.jimg.qcow2.allocation.GracePeriod}).
 *       Only now can it be allocated again, or be punched.
 * </ol>
 *
 * <p>A changed L2 slice leaves the cache only through a flush, so the cache's pressure is served here too. Lock order:
 * guest range, L2 table, slice load, this, slice, allocator.
 */
final class WriteOrder {
    private static final int LARGEST_JOINED = 1 << 20;

    private final Geometry geometry;
    private final ImageFiles files;
    private final Storage file;
    private final HeaderSector header;
    private final L1Table l1;
    private final long l1Offset;
    private final L2Cache cache;
    private final ClusterAllocator allocator;
    private final DeferredFrees frees;
    private final CompressedReader compressed;
    private final boolean noFlush;
    private final ReentrantLock lock = new ReentrantLock();

    /**
     * Nothing to write yet.
     *
     * @param noFlush whether barriers are left out
     */
    WriteOrder(
            ImageFiles files,
            HeaderSector header,
            GuestMap map,
            long l1Offset,
            ClusterAllocator allocator,
            DeferredFrees frees,
            CompressedReader compressed,
            boolean noFlush) {
        this.geometry = map.codec().geometry();
        this.files = files;
        this.file = files.file();
        this.header = header;
        this.l1 = map.l1();
        this.l1Offset = l1Offset;
        this.cache = map.cache();
        this.allocator = allocator;
        this.frees = frees;
        this.compressed = compressed;
        this.noFlush = noFlush;
    }

    /** Makes durable what has completed. */
    void flush() throws IOException {
        lock.lock();
        try {
            writeAll(!header.lazyRefcounts());
        } finally {
            lock.unlock();
        }
    }

    /** Makes changed refcounts durable, lazy or not, and all that completed. */
    void flushRefcounts() throws IOException {
        lock.lock();
        try {
            writeAll(true);
        } finally {
            lock.unlock();
        }
    }

    /** Writes changed slices because the cache is full of them. */
    void relieve() throws IOException {
        lock.lock();
        try {
            if (cache.isDirty()) {
                writeAll(!header.lazyRefcounts());
            }
        } finally {
            lock.unlock();
        }
    }

    /** Writes and frees everything; no request may be under way. */
    void finish() throws IOException {
        lock.lock();
        try {
            if (!header.changed()) {
                return;
            }
            do {
                writeAll(true);
            } while (allocator.isDirty() || cache.isDirty() || l1.isDirty() || !frees.isEmpty());
            if (file.growsWithZeroes() && file.size() < allocator.end()) {
                file.truncate(allocator.end());
            }
            if (header.dirty()) {
                barrier();
                header.clearDirty();
            }
        } finally {
            lock.unlock();
        }
    }

    private void writeAll(boolean withRefcounts) throws IOException {
        lowerUnused();
        List<DeferredFrees.Run> freed = frees.takePending();
        List<L2Slice.Piece> slices = cache.takeDirty();
        List<L1Table.Piece> entries = l1.takeDirty();
        boolean success = false;
        try {
            if (withRefcounts) {
                writeRefcounts();
            }
            barrier();
            if (!slices.isEmpty() || !entries.isEmpty()) {
                writeMapping(slices, entries);
                barrier();
            }
            success = true;
        } finally {
            for (L2Slice.Piece piece : slices) {
                cache.written(piece, success);
            }
            if (!success) {
                entries.forEach(l1::markDirty);
                frees.restore(freed);
            }
        }
        frees.durable(freed);
        lowerUnused();
    }

    private void writeMapping(List<L2Slice.Piece> slices, List<L1Table.Piece> entries) throws IOException {
        int from = 0;
        long start = 0;
        int length = 0;
        for (int i = 0; i < slices.size(); i++) {
            L2Slice.Piece piece = slices.get(i);
            long hostOffset = cache.hostOffset(piece);
            if (length > 0 && (hostOffset != start + length || length >= LARGEST_JOINED)) {
                writeJoined(slices.subList(from, i), start, length);
                length = 0;
            }
            if (length == 0) {
                from = i;
                start = hostOffset;
            }
            length += piece.bytes().remaining();
        }
        if (length > 0) {
            writeJoined(slices.subList(from, slices.size()), start, length);
        }
        for (L1Table.Piece piece : entries) {
            file.about(StorageEvent.L1_UPDATE);
            file.write(piece.bytes().duplicate(), l1Offset + (long) piece.index() * Long.BYTES);
        }
    }

    /** Writes slices that follow each other on the host, as those of one L2 table do, in one request. */
    private void writeJoined(List<L2Slice.Piece> pieces, long hostOffset, int length) throws IOException {
        ByteBuffer joined = ByteBuffer.allocate(length);
        for (L2Slice.Piece piece : pieces) {
            joined.put(piece.bytes().duplicate());
        }
        file.about(StorageEvent.L2_UPDATE);
        file.write(joined.flip(), hostOffset);
    }

    private void writeRefcounts() throws IOException {
        ClusterAllocator.TableChange change = allocator.takeChanges();
        if (change.isEmpty()) {
            return;
        }
        boolean success = false;
        try {
            barrier();
            for (ClusterAllocator.Piece piece : change.pieces()) {
                file.about(StorageEvent.REFTABLE_UPDATE);
                file.write(piece.bytes().duplicate(), piece.hostOffset());
            }
            if (change.relocated()) {
                barrier();
                header.setRefcountTable(change.tableOffset(), change.tableClusters());
            }
            success = true;
        } finally {
            if (!success) {
                allocator.restore(change);
            }
        }
        for (Allocation old : change.retired()) {
            allocator.release(old.hostOffset(), old.clusters());
        }
    }

    private void lowerUnused() throws IOException {
        List<DeferredFrees.Run> unused = frees.takeUnused();
        if (unused.isEmpty()) {
            return;
        }
        compressed.forget();
        for (DeferredFrees.Run run : unused) {
            if (run.punch()) {
                punch(run);
            }
            allocator.release(run.hostOffset(), run.clusters());
        }
    }

    /**
     * Gives the host back what nobody else refers to; before the refcount drops, for then the next writer may have it.
     */
    private void punch(DeferredFrees.Run run) throws IOException {
        long end = run.hostOffset() + (run.clusters() << geometry.clusterBits());
        long from = run.hostOffset();
        for (long at = from; at < end; at += geometry.clusterSize()) {
            if (allocator.refcount(at) != 1) {
                punch(from, at);
                from = at + geometry.clusterSize();
            }
        }
        punch(from, end);
    }

    /** Where the storage cannot punch, the space stays the file's: nothing is lost but room. */
    private void punch(long from, long end) throws IOException {
        if (end > from) {
            file.punch(from, end - from);
        }
    }

    /** Makes durable what was written, unless nothing needs to be. */
    void barrier() throws IOException {
        if (noFlush) {
            return;
        }
        Storage data = files.data();
        if (files.externalData() && data != null) {
            data.flush();
        }
        file.about(StorageEvent.FLUSH_TO_DISK);
        file.flush();
    }
}
