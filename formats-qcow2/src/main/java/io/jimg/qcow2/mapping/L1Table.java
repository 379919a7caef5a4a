package io.jimg.qcow2.mapping;

import io.jimg.ErrorKind;
import io.jimg.ImageException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.LongBuffer;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.stream.IntStream;
import java.util.stream.LongStream;

/**
 * The active L1 table in memory, and which of its sectors on the host are out of date. Safe for many threads; an entry
 * that a thread reads was stored after what it points to.
 */
public final class L1Table {
    /** The unit in which the table is written: one sector, which a power loss leaves whole. */
    public static final int SECTOR = 512;

    private static final int SECTOR_ENTRIES = SECTOR / Long.BYTES;

    /**
     * One sector of the table to be written.
     *
     * @param index first entry
     * @param bytes big-endian entries
     */
    public record Piece(int index, ByteBuffer bytes) {}

    private final Geometry geometry;
    private final AtomicLongArray entries;
    private final BitSet dirty = new BitSet();

    /**
     * A table as read.
     *
     * @param bytes big-endian entries from position to limit
     */
    public L1Table(Geometry geometry, ByteBuffer bytes) {
        this.geometry = geometry;
        LongBuffer words = bytes.order(ByteOrder.BIG_ENDIAN).asLongBuffer();
        long[] values = new long[words.remaining()];
        words.get(values);
        this.entries = new AtomicLongArray(values);
    }

    /** Number of entries. */
    public int length() {
        return entries.length();
    }

    /** The raw entry; 0 beyond the table. */
    public long entry(long index) {
        return index < entries.length() ? entries.getAcquire((int) index) : 0;
    }

    /**
     * Host offset of an L2 table.
     *
     * @return 0 where there is none
     * @throws ImageException {@link ErrorKind#CORRUPT} where it is no cluster's
     */
    public long tableOffset(long index) throws ImageException {
        long offset = entry(index) & EntryCodec.OFFSET_MASK;
        if (geometry.inCluster(offset) != 0) {
            throw new ImageException(
                    ErrorKind.CORRUPT,
                    "L2 table offset " + Hex.of(offset) + " unaligned (L1 index: " + Hex.of(index) + ")");
        }
        return offset;
    }

    /** Host offsets of all L2 tables, with 0 for those that do not exist. */
    public LongStream places() {
        return IntStream.range(0, entries.length()).mapToLong(index -> entries.get(index) & EntryCodec.OFFSET_MASK);
    }

    /** Whether this image alone refers to an L2 table, so that it may be changed. */
    public boolean owned(long index) {
        return (entry(index) & EntryCodec.COPIED) != 0;
    }

    /** Points an entry at an L2 table that this image alone refers to. */
    public void set(int index, long tableOffset) {
        synchronized (dirty) {
            entries.setRelease(index, tableOffset | EntryCodec.COPIED);
            dirty.set(index / SECTOR_ENTRIES);
        }
    }

    /** Whether a sector is out of date. */
    public boolean isDirty() {
        synchronized (dirty) {
            return !dirty.isEmpty();
        }
    }

    /** The sectors that are out of date, which count as written from now on. */
    public List<Piece> takeDirty() {
        synchronized (dirty) {
            List<Piece> pieces = new ArrayList<>();
            for (int sector = dirty.nextSetBit(0); sector >= 0; sector = dirty.nextSetBit(sector + 1)) {
                int first = sector * SECTOR_ENTRIES;
                int end = Math.min(first + SECTOR_ENTRIES, entries.length());
                ByteBuffer bytes = ByteBuffer.allocate((end - first) * Long.BYTES);
                for (int i = first; i < end; i++) {
                    bytes.putLong(entries.get(i));
                }
                pieces.add(new Piece(first, bytes.flip()));
            }
            dirty.clear();
            return pieces;
        }
    }

    /** Takes back {@link #takeDirty} for a piece that could not be written. */
    public void markDirty(Piece piece) {
        synchronized (dirty) {
            dirty.set(piece.index() / SECTOR_ENTRIES);
        }
    }
}
