package io.jimg.qcow2.create;

import io.jimg.storage.Storage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Iterator;

/**
 * Refcounts of an image that is written by appending (specification: "Host cluster management"). Counts are kept for
 * the blocks that may still change, as a rule one; a block that the append position has passed is written once and
 * forgotten. For one thread.
 */
final class RefcountBuilder {
    private static final long NO_PLACE = 0;

    /** A refcount block in memory. */
    private record Block(int index, ByteBuffer entries) {}

    private final Storage storage;
    private final int clusterBits;
    private final int refcountOrder;
    private final int blockBits;

    /**
     * Blocks in memory, by rising index. The first one stays to the end, since {@link #add} may take back what was
     * reserved at the file's start.
     */
    private final ArrayDeque<Block> open = new ArrayDeque<>();

    /** The refcount table: host offset of each block. */
    private long[] places = new long[64];

    private int blocks;

    RefcountBuilder(Storage storage, int clusterBits, int refcountOrder) {
        this.storage = storage;
        this.clusterBits = clusterBits;
        this.refcountOrder = refcountOrder;
        this.blockBits = clusterBits + 3 - refcountOrder;
    }

    /** Clusters that one block counts. */
    long clustersPerBlock() {
        return 1L << blockBits;
    }

    /** Blocks that exist. */
    int blocks() {
        return blocks;
    }

    /** The largest count, 2^31-1 where it is larger. */
    long maximum() {
        return refcountOrder >= 5 ? Integer.MAX_VALUE : (1L << (1 << refcountOrder)) - 1;
    }

    /** Whether a cluster's count lies in a block that exists. */
    boolean covers(long cluster) {
        return (cluster >>> blockBits) < blocks;
    }

    /** Whether the last block has no place in the image yet. */
    boolean lacksPlace() {
        return blocks > 0 && places[firstWithoutPlace()] == NO_PLACE;
    }

    /** Gives the first block that has none its place. */
    void place(long cluster) {
        places[firstWithoutPlace()] = cluster << clusterBits;
    }

    private int firstWithoutPlace() {
        int index = blocks - 1;
        while (index > 0 && places[index - 1] == NO_PLACE) {
            index--;
        }
        return index;
    }

    /** Makes the next block, without a place. */
    void addBlock() {
        if (blocks == places.length) {
            places = Arrays.copyOf(places, 2 * blocks);
        }
        open.addLast(new Block(blocks++, ByteBuffer.allocateDirect(1 << clusterBits)));
    }

    /** Changes a cluster's count, and makes blocks up to its own where they are missing. */
    void add(long cluster, int difference) {
        while (!covers(cluster)) {
            addBlock();
        }
        ByteBuffer entries = block(cluster);
        int index = (int) (cluster & (clustersPerBlock() - 1));
        put(entries, index, get(entries, index) + difference);
    }

    /** A cluster's count. Its block must not be written yet. */
    long count(long cluster) {
        return get(block(cluster), (int) (cluster & (clustersPerBlock() - 1)));
    }

    private ByteBuffer block(long cluster) {
        int index = (int) (cluster >>> blockBits);
        for (Block block : open) {
            if (block.index == index) {
                return block.entries;
            }
        }
        throw new IllegalStateException("the refcount block of cluster " + cluster + " is written already");
    }

    private long get(ByteBuffer entries, int index) {
        return switch (refcountOrder) {
            case 6 -> entries.getLong(index * Long.BYTES);
            case 5 -> Integer.toUnsignedLong(entries.getInt(index * Integer.BYTES));
            case 4 -> Short.toUnsignedLong(entries.getShort(index * Short.BYTES));
            case 3 -> Byte.toUnsignedLong(entries.get(index));
            default -> entries.get(index >> (3 - refcountOrder)) >> shift(index) & maximum();
        };
    }

    private void put(ByteBuffer entries, int index, long count) {
        switch (refcountOrder) {
            case 6 -> entries.putLong(index * Long.BYTES, count);
            case 5 -> entries.putInt(index * Integer.BYTES, (int) count);
            case 4 -> entries.putShort(index * Short.BYTES, (short) count);
            case 3 -> entries.put(index, (byte) count);
            default -> {
                int at = index >> (3 - refcountOrder);
                long others = entries.get(at) & ~(maximum() << shift(index));
                entries.put(at, (byte) (others | count << shift(index)));
            }
        }
    }

    /** Where in its byte a count of less than 8 bits lies. */
    private int shift(int index) {
        return (index & ((8 >> refcountOrder) - 1)) << refcountOrder;
    }

    /**
     * Writes blocks all of whose clusters lie before one, none of which will change any more but for those in the first
     * block.
     */
    void writeBefore(long cluster) throws IOException {
        for (Iterator<Block> blocksInMemory = open.iterator(); blocksInMemory.hasNext(); ) {
            Block block = blocksInMemory.next();
            if (block.index == 0) {
                continue;
            }
            if (block.index + 1L << blockBits > cluster) {
                return;
            }
            write(block);
            blocksInMemory.remove();
        }
    }

    private void write(Block block) throws IOException {
        storage.write(block.entries.clear(), places[block.index]);
    }

    /** Writes the blocks that are left, and the table. */
    void finish(long tableOffset, int tableClusters) throws IOException {
        for (Block block : open) {
            write(block);
        }
        ByteBuffer table = ByteBuffer.allocateDirect(tableClusters << clusterBits);
        table.asLongBuffer().put(places, 0, blocks);
        storage.write(table, tableOffset);
    }
}
