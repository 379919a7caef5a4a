package io.jimg.qcow2.allocation;

import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.qcow2.mapping.Geometry;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.stream.LongStream;

/**
 * The refcount table in memory: where the refcount blocks lie, and what of that the host does not know yet. For one
 * thread at a time: the allocator's lock guards it.
 */
final class RefcountTable {
    /** The largest table that QEMU and we take. */
    static final int MAXIMUM_BYTES = 8 << 20;

    private static final int SECTOR = 512;
    private static final int SECTOR_ENTRIES = SECTOR / Long.BYTES;
    private static final long OFFSET_MASK = ~(SECTOR - 1L);

    /**
     * Bytes of the table to be written.
     *
     * @param hostOffset where they belong
     * @param bytes big-endian entries
     */
    record Piece(long hostOffset, ByteBuffer bytes) {}

    private final Geometry geometry;
    private final BitSet dirty = new BitSet();
    private long[] entries;
    private long hostOffset;

    /**
     * A table as read.
     *
     * @param hostOffset where it lies
     * @param bytes big-endian entries from position to limit, whole clusters
     */
    RefcountTable(Geometry geometry, long hostOffset, ByteBuffer bytes) {
        this.geometry = geometry;
        this.hostOffset = hostOffset;
        this.entries = new long[bytes.remaining() / Long.BYTES];
        bytes.order(ByteOrder.BIG_ENDIAN).asLongBuffer().get(entries);
    }

    /** Where the table lies. */
    long hostOffset() {
        return hostOffset;
    }

    /** Clusters that the table takes. */
    int clusters() {
        return (int) geometry.clusters((long) entries.length * Long.BYTES);
    }

    /** Number of entries: blocks that the table has room for. */
    int length() {
        return entries.length;
    }

    /**
     * Host offset of a refcount block.
     *
     * @return 0 where there is none
     * @throws ImageException {@link ErrorKind#CORRUPT} where it is no cluster's
     */
    long block(long index) throws ImageException {
        if (index >= entries.length) {
            return 0;
        }
        long offset = entries[(int) index] & OFFSET_MASK;
        if (geometry.inCluster(offset) != 0 || offset < 0) {
            throw new ImageException(
                    ErrorKind.CORRUPT,
                    "Refblock offset 0x" + Long.toHexString(offset) + " unaligned (reftable index: 0x"
                            + Long.toHexString(index) + ")");
        }
        return offset;
    }

    /** Host offsets of all blocks, with 0 for those that do not exist. */
    LongStream places() {
        return Arrays.stream(entries).map(entry -> entry & OFFSET_MASK);
    }

    /** Index after the last block that exists. */
    int end() {
        int end = entries.length;
        while (end > 0 && entries[end - 1] == 0) {
            end--;
        }
        return end;
    }

    /** Points an entry at a new block. */
    void set(int index, long blockOffset) {
        entries[index] = blockOffset;
        dirty.set(index / SECTOR_ENTRIES);
    }

    /** Moves the table to a larger place; all of it is to be written there. */
    void relocate(long newHostOffset, int newClusters) {
        entries = Arrays.copyOf(entries, newClusters << geometry.clusterBits() >> 3);
        hostOffset = newHostOffset;
        dirty.set(0, (entries.length + SECTOR_ENTRIES - 1) / SECTOR_ENTRIES);
    }

    /** What the table is, for {@link #reset}. */
    record State(long[] entries, long hostOffset, BitSet dirty) {}

    /** Notes what the table is before a change of several steps, any of which may fail. */
    State state() {
        return new State(entries.clone(), hostOffset, (BitSet) dirty.clone());
    }

    /** Makes the table what it was. */
    void reset(State state) {
        entries = state.entries;
        hostOffset = state.hostOffset;
        dirty.clear();
        dirty.or(state.dirty);
    }

    /** Whether the host lacks a change. */
    boolean isDirty() {
        return !dirty.isEmpty();
    }

    /** Takes what the host lacks, in runs as long as they are. */
    List<Piece> takeDirty() {
        List<Piece> pieces = new ArrayList<>();
        for (int from = dirty.nextSetBit(0); from >= 0; from = dirty.nextSetBit(from)) {
            int end = dirty.nextClearBit(from);
            int first = from * SECTOR_ENTRIES;
            int last = Math.min(end * SECTOR_ENTRIES, entries.length);
            ByteBuffer bytes = ByteBuffer.allocate((last - first) * Long.BYTES);
            bytes.asLongBuffer().put(entries, first, last - first);
            pieces.add(new Piece(hostOffset + (long) first * Long.BYTES, bytes));
            from = end;
        }
        dirty.clear();
        return pieces;
    }

    /** Takes {@link #takeDirty} back where writing failed. */
    void markAllDirty() {
        dirty.set(0, (entries.length + SECTOR_ENTRIES - 1) / SECTOR_ENTRIES);
    }
}
