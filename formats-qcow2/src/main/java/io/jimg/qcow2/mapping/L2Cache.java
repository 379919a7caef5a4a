package io.jimg.qcow2.mapping;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;
import java.util.concurrent.locks.StampedLock;
import org.jspecify.annotations.Nullable;

/**
 * A bounded cache of L2 slices. Finding a slice that is in memory takes no lock; eviction gives every slice that was
 * used a second chance (CLOCK).
 *
 * <p>A slice is known by its place in the guest, not by its host offset: when an L2 table moves because it was shared,
 * its slices stay valid. Loading is serialised by slice, and whoever moves a table copies it while its slices cannot
 * change (they are not owned), so a load never installs old entries over newer ones.
 *
 * <p>Changed slices are never written from here: {@link #takeDirty} hands them to whoever orders the writes. A load
 * that finds only changed slices asks {@link Pressure} to have them written.
 */
public final class L2Cache {

    /** Reads from the host. */
    @FunctionalInterface
    public interface Source {
        /** {@code length} bytes at a host offset; position to limit of the answer. */
        ByteBuffer read(long hostOffset, int length) throws IOException;
    }

    /** Is asked to write changed slices, in the right order with all else. */
    @FunctionalInterface
    public interface Pressure {
        /** Writes what is changed at the moment of the call. */
        void relieve() throws IOException;
    }

    /** A change of entries. */
    @FunctionalInterface
    public interface Change {
        /** Calls {@link L2Slice#set}; under the slice's lock, so it does no input or output. */
        void apply(L2Slice slice);
    }

    private static final int STRIPES = 64;
    private static final int PRESSURE_ATTEMPTS = 3;

    private final Geometry geometry;
    private final L1Table l1;
    private final Source source;
    private final Pressure pressure;
    private final int sliceSize;
    private final int sliceShift;
    private final int capacity;
    private final ConcurrentHashMap<Long, L2Slice> resident = new ConcurrentHashMap<>();
    private final Set<L2Slice> dirty = ConcurrentHashMap.newKeySet();
    private final ReentrantLock[] loading = new ReentrantLock[STRIPES];
    private final ArrayDeque<L2Slice> clock = new ArrayDeque<>();

    /**
     * An empty cache.
     *
     * @param sliceSize bytes of a slice: a power of two from 512 to the cluster's size
     * @param capacity slices that may stay in memory, at least 2
     */
    public L2Cache(Geometry geometry, L1Table l1, int sliceSize, int capacity, Source source, Pressure pressure) {
        this.geometry = geometry;
        this.l1 = l1;
        this.source = source;
        this.pressure = pressure;
        this.sliceSize = sliceSize;
        this.sliceShift = geometry.clusterBits() + Integer.numberOfTrailingZeros(sliceSize / geometry.entrySize());
        this.capacity = capacity;
        for (int i = 0; i < STRIPES; i++) {
            loading[i] = new ReentrantLock();
        }
    }

    /** First guest byte after the slice that describes an offset. */
    public long sliceEnd(long guestOffset) {
        return ((guestOffset >>> sliceShift) + 1) << sliceShift;
    }

    /** Index in its slice of a guest offset's entry. */
    public int indexInSlice(long guestOffset) {
        return geometry.l2Index(guestOffset) & ((1 << (sliceShift - geometry.clusterBits())) - 1);
    }

    /** The slice that describes a guest offset; null where its L2 table does not exist. */
    public @Nullable L2Slice find(long guestOffset) throws IOException {
        long index = guestOffset >>> sliceShift;
        L2Slice slice = resident.get(index);
        if (slice != null) {
            slice.touch();
            return slice;
        }
        if (l1.tableOffset(geometry.l1Index(guestOffset)) == 0) {
            return null;
        }
        return load(index);
    }

    /**
     * Changes entries of one slice. Its L2 table must exist and be owned.
     *
     * @param guestOffset any offset that the slice describes
     */
    public void update(long guestOffset, Change change) throws IOException {
        while (true) {
            L2Slice slice = find(guestOffset);
            if (slice == null) {
                throw new IllegalStateException("no L2 table for guest offset " + guestOffset);
            }
            StampedLock lock = slice.lock();
            long stamp = lock.writeLock();
            try {
                if (!slice.evicted()) {
                    change.apply(slice);
                    dirty.add(slice);
                    return;
                }
            } finally {
                lock.unlockWrite(stamp);
            }
            Thread.onSpinWait();
        }
    }

    /** Whether a slice has changes that are not on their way to the host. */
    public boolean isDirty() {
        return !dirty.isEmpty();
    }

    /** Takes all changes; each must be ended with {@link #written}. */
    public List<L2Slice.Piece> takeDirty() {
        List<L2Slice.Piece> pieces = new ArrayList<>();
        for (L2Slice slice : dirty) {
            // Removed first: a change between the two steps is taken with this piece, and at worst looked for in vain
            // later.
            dirty.remove(slice);
            L2Slice.Piece piece = slice.takeDirty();
            if (piece != null) {
                pieces.add(piece);
            }
        }
        pieces.sort((a, b) -> Long.compare(a.slice().index(), b.slice().index()));
        return pieces;
    }

    /** Ends {@link #takeDirty} for one piece. */
    public void written(L2Slice.Piece piece, boolean success) {
        if (!success) {
            dirty.add(piece.slice());
        }
        piece.slice().written(piece, success);
    }

    /** Where a piece belongs on the host. */
    public long hostOffset(L2Slice.Piece piece) throws IOException {
        long guestOffset = piece.slice().index() << sliceShift;
        return sliceOffset(guestOffset) + piece.byteOffset();
    }

    private long sliceOffset(long guestOffset) throws IOException {
        long inTable = (long) geometry.l2Index(guestOffset) * geometry.entrySize();
        return l1.tableOffset(geometry.l1Index(guestOffset)) + inTable / sliceSize * sliceSize;
    }

    private L2Slice load(long index) throws IOException {
        makeRoom();
        ReentrantLock stripe = loading[(int) (index % STRIPES)];
        stripe.lock();
        try {
            L2Slice present = resident.get(index);
            if (present != null) {
                return present;
            }
            long sliceStart = index << sliceShift;
            L2Slice slice = new L2Slice(index, geometry.entryWords(), source.read(sliceOffset(sliceStart), sliceSize));
            resident.put(index, slice);
            synchronized (clock) {
                clock.addLast(slice);
            }
            return slice;
        } finally {
            stripe.unlock();
        }
    }

    /**
     * Evicts until there is room for one more. Where too much is busy, the cache grows for a while rather than wait.
     */
    private void makeRoom() throws IOException {
        for (int attempt = 0; attempt < PRESSURE_ATTEMPTS; attempt++) {
            if (evictOne()) {
                return;
            }
            pressure.relieve();
        }
    }

    private boolean evictOne() {
        synchronized (clock) {
            // Twice round: the first may do no more than take the second chances away.
            for (int i = 2 * clock.size(); clock.size() >= capacity && i > 0; i--) {
                L2Slice slice = clock.removeFirst();
                if (slice.takeReferenced() || !slice.tryEvict()) {
                    clock.addLast(slice);
                } else {
                    resident.remove(slice.index(), slice);
                }
            }
            return clock.size() < capacity;
        }
    }
}
