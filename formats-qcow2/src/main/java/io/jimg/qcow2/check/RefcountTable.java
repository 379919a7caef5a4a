package io.jimg.qcow2.check;

import io.jimg.qcow2.header.Header;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;

/**
 * The refcount table in memory, and the way to the blocks and to single refcounts (specification: "Host cluster
 * management"). Not safe for threads.
 */
final class RefcountTable {
    private static final long RESERVED = 0x1ff;

    private final Header header;
    private final MetadataReader reader;
    private final long[] entries;
    private final long[] duplicated;
    private final ByteBuffer block;

    /** Reads the table: 8 MiB at most, as the header's parser saw to. */
    RefcountTable(Header header, MetadataReader reader) throws IOException {
        this.header = header;
        this.reader = reader;
        long start = header.refcountTableOffset();
        long bytes = (long) header.refcountTableClusters() << header.clusterBits();
        long inFile = Math.max(0, Math.min(bytes, reader.fileSize() - start + Long.BYTES));
        long[] table = new long[(int) (inFile / Long.BYTES)];
        reader.entries(start, start + (long) table.length * Long.BYTES, (at, entry) -> {
            table[(int) ((at - start) / Long.BYTES)] = entry;
        });
        this.entries = table;
        this.duplicated = duplicates(table);
        this.block = ByteBuffer.allocate(header.clusterSize());
    }

    /** Entries; those behind are zero. */
    int size() {
        return entries.length;
    }

    /** Whether bits are set that must be zero. */
    boolean reserved(int index) {
        return (entries[index] & RESERVED) != 0;
    }

    /** Host offset of a block; 0 for none, and for every index past the table. */
    long blockOffset(long index) {
        return index < entries.length ? entries[(int) index] & ~RESERVED : 0;
    }

    /** Whether a block's offset is not one of a cluster. */
    boolean unaligned(long index) {
        return (blockOffset(index) & (header.clusterSize() - 1)) != 0;
    }

    /** Whether two entries name this block. */
    boolean duplicated(long index) {
        return Arrays.binarySearch(duplicated, blockOffset(index)) >= 0;
    }

    /** Whether a block is known to hold zeroes only, without a look into it. */
    boolean knownZero(long index) throws IOException {
        long offset = blockOffset(index);
        return offset <= 0 || reader.knownZero(offset, header.clusterSize());
    }

    /** A block's bytes, in a buffer that the next call uses again. */
    ByteBuffer block(long index) throws IOException {
        reader.read(block.clear(), blockOffset(index));
        return block;
    }

    /** A single refcount, read by itself; for the few that are told in sentences. */
    long refcount(long cluster) throws IOException {
        long index = cluster >>> header.refcountBlockBits();
        long offset = blockOffset(index);
        if (offset <= 0) {
            return 0;
        }
        long bit = (cluster & (header.refcountsPerBlock() - 1)) << header.refcountOrder();
        int width = Math.max(1, header.refcountBits() / Byte.SIZE);
        ByteBuffer bytes = reader.read(offset + bit / Byte.SIZE, width);
        return header.refcountOrder() < 3
                ? refcount(bytes, (int) (bit & 7) >>> header.refcountOrder(), header.refcountOrder())
                : refcount(bytes, 0, header.refcountOrder());
    }

    /**
     * One refcount of a block, 64-bit ones as an unsigned number.
     *
     * @param index inside the block
     * @param order binary logarithm of the width in bits
     */
    static long refcount(ByteBuffer block, int index, int order) {
        return switch (order) {
            case 0, 1, 2 -> {
                int bit = index << order;
                yield (block.get(bit >>> 3) & 0xFF) >>> (bit & 7) & ((1 << (1 << order)) - 1);
            }
            case 3 -> block.get(index) & 0xFF;
            case 4 -> block.getShort(index << 1) & 0xFFFF;
            case 5 -> block.getInt(index << 2) & 0xFFFF_FFFFL;
            default -> block.getLong(index << 3);
        };
    }

    /** Sets one refcount of a block; the value must fit. */
    static void setRefcount(ByteBuffer block, int index, int order, long value) {
        switch (order) {
            case 0, 1, 2 -> {
                int bit = index << order;
                int mask = ((1 << (1 << order)) - 1) << (bit & 7);
                int at = bit >>> 3;
                block.put(at, (byte) (block.get(at) & ~mask | (int) value << (bit & 7)));
            }
            case 3 -> block.put(index, (byte) value);
            case 4 -> block.putShort(index << 1, (short) value);
            case 5 -> block.putInt(index << 2, (int) value);
            default -> block.putLong(index << 3, value);
        }
    }

    private static long[] duplicates(long[] table) {
        long[] sorted = table.clone();
        for (int i = 0; i < sorted.length; i++) {
            sorted[i] &= ~RESERVED;
        }
        Arrays.sort(sorted);
        int count = 0;
        for (int i = 1; i < sorted.length; i++) {
            if (sorted[i] == sorted[i - 1] && sorted[i] != 0 && (count == 0 || sorted[count - 1] != sorted[i])) {
                sorted[count++] = sorted[i];
            }
        }
        return Arrays.copyOf(sorted, count);
    }
}
