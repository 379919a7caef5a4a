package io.jimg.qcow2.mapping;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.concurrent.locks.StampedLock;
import org.jspecify.annotations.Nullable;

/**
 * A part of an L2 table in memory: the unit of the cache, and of locking for changes of entries.
 *
 * <p>Entries are read optimistically: take a stamp of {@link #lock()}, read, validate. They are changed under its write
 * lock, held for the change alone and never across input or output. A slice that {@link #evicted()} is no longer the
 * cache's: whoever wants to change it looks it up again.
 */
public final class L2Slice {
    private static final int SECTOR_WORDS = 512 / Long.BYTES;

    private final long index;
    private final int entryWords;
    private final long[] words;
    private final StampedLock lock = new StampedLock();

    // Guarded by the write lock.
    private int dirtyFrom;
    private int dirtyEnd;
    private boolean beingWritten;
    private boolean evicted;

    // For the clock; a lost update costs nothing but a little time in the cache.
    private boolean referenced = true;

    /**
     * A slice as read.
     *
     * @param index number of the slice, counted over the whole guest
     * @param entryWords words of an entry: 1 or 2
     * @param bytes big-endian words from position to limit
     */
    L2Slice(long index, int entryWords, ByteBuffer bytes) {
        this.index = index;
        this.entryWords = entryWords;
        this.words = new long[bytes.remaining() / Long.BYTES];
        bytes.order(ByteOrder.BIG_ENDIAN).asLongBuffer().get(words);
        clean();
    }

    /**
     * Words to be written.
     *
     * @param slice the slice that they are of
     * @param byteOffset distance from the slice's start, a multiple of a sector
     * @param bytes big-endian words
     */
    public record Piece(L2Slice slice, int byteOffset, ByteBuffer bytes) {}

    /** Number of the slice, counted over the whole guest. */
    public long index() {
        return index;
    }

    /** Guards the entries. */
    public StampedLock lock() {
        return lock;
    }

    /** Number of entries. */
    public int length() {
        return words.length / entryWords;
    }

    /** First word of an entry. Under {@link #lock()}. */
    public long entry(int at) {
        return words[at * entryWords];
    }

    /** Second word of an extended entry, 0 for a standard one. Under {@link #lock()}. */
    public long bitmap(int at) {
        return entryWords == 2 ? words[at * 2 + 1] : 0;
    }

    /** Changes an entry. Under the write lock, and only while not {@link #evicted()}. */
    public void set(int at, long entry, long bitmap) {
        int word = at * entryWords;
        words[word] = entry;
        if (entryWords == 2) {
            words[word + 1] = bitmap;
        }
        dirtyFrom = Math.min(dirtyFrom, word);
        dirtyEnd = Math.max(dirtyEnd, word + entryWords);
    }

    /** Whether the cache has let go of the slice. Under {@link #lock()}. */
    public boolean evicted() {
        return evicted;
    }

    /** Whether there are changes that are not on their way to the host. Under {@link #lock()}. */
    boolean dirty() {
        return dirtyEnd > dirtyFrom;
    }

    /** The changed words, which count as being written from now on; null where there are none. Takes the write lock. */
    @Nullable
    Piece takeDirty() {
        long stamp = lock.writeLock();
        try {
            if (!dirty()) {
                return null;
            }
            int from = dirtyFrom / SECTOR_WORDS * SECTOR_WORDS;
            int end = Math.min(words.length, (dirtyEnd + SECTOR_WORDS - 1) / SECTOR_WORDS * SECTOR_WORDS);
            ByteBuffer bytes = ByteBuffer.allocate((end - from) * Long.BYTES);
            bytes.asLongBuffer().put(words, from, end - from);
            clean();
            beingWritten = true;
            return new Piece(this, from * Long.BYTES, bytes);
        } finally {
            lock.unlockWrite(stamp);
        }
    }

    /** Ends what {@link #takeDirty} began. Takes the write lock. */
    void written(Piece piece, boolean success) {
        long stamp = lock.writeLock();
        try {
            beingWritten = false;
            if (!success) {
                dirtyFrom = Math.min(dirtyFrom, piece.byteOffset() / Long.BYTES);
                dirtyEnd =
                        Math.max(dirtyEnd, (piece.byteOffset() + piece.bytes().capacity()) / Long.BYTES);
            }
        } finally {
            lock.unlockWrite(stamp);
        }
    }

    /** Evicts the slice unless something of it has yet to reach the host. */
    boolean tryEvict() {
        long stamp = lock.tryWriteLock();
        if (stamp == 0) {
            return false;
        }
        try {
            if (dirty() || beingWritten) {
                return false;
            }
            evicted = true;
            return true;
        } finally {
            lock.unlockWrite(stamp);
        }
    }

    /** Notes a use. Writes only where that changes something, so that readers share the cache line. */
    void touch() {
        if (!referenced) {
            referenced = true;
        }
    }

    /** Whether there was a use since the last call. */
    boolean takeReferenced() {
        boolean was = referenced;
        referenced = false;
        return was;
    }

    private void clean() {
        dirtyFrom = Integer.MAX_VALUE;
        dirtyEnd = 0;
    }
}
