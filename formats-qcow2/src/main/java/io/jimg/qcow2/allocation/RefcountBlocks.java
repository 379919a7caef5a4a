package io.jimg.qcow2.allocation;

import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.qcow2.mapping.Geometry;
import io.jimg.storage.StorageEvent;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The refcounts: blocks in a bounded cache, the least recently used one leaves first. For one thread at a time: the
 * allocator's lock guards it.
 *
 * <p>A changed block may be written at any moment: counts are raised before anything points to the cluster, and lowered
 * only after the removal of the pointer is durable.
 */
final class RefcountBlocks {
    private static final class Block {
        final long index;
        final byte[] bytes;
        boolean dirty;

        Block(long index, byte[] bytes) {
            this.index = index;
            this.bytes = bytes;
        }
    }

    private final Geometry geometry;
    private final RefcountTable table;
    private final RefcountCodec codec;
    private final MetadataIo io;
    private final MetadataGuard guard;
    private final int capacity;
    private final LinkedHashMap<Long, Block> cached = new LinkedHashMap<>(16, 0.75f, true);
    // The block of the last call: a scan asks for one cluster after the other.
    private @Nullable Block last;

    RefcountBlocks(Geometry geometry, RefcountTable table, MetadataIo io, MetadataGuard guard, int capacity) {
        this.geometry = geometry;
        this.table = table;
        this.codec = new RefcountCodec(geometry.refcountOrder());
        this.io = io;
        this.guard = guard;
        this.capacity = capacity;
    }

    /** Number of the block that counts a cluster. */
    long blockOf(long cluster) {
        return cluster >>> geometry.refcountBlockBits();
    }

    /** The refcount of a cluster; 0 where no block counts it. */
    long get(long cluster) throws IOException {
        Block block = find(blockOf(cluster));
        return block == null ? 0 : codec.get(block.bytes, inBlock(cluster));
    }

    /** Sets the refcount of a cluster whose block exists. */
    void set(long cluster, long value) throws IOException {
        Block block = find(blockOf(cluster));
        if (block == null) {
            throw new IllegalStateException("no refcount block for cluster " + cluster);
        }
        if (!block.dirty) {
            guard.checkWrite(table.block(block.index), block.bytes.length, MetadataSection.REFCOUNT_BLOCK);
        }
        codec.set(block.bytes, inBlock(cluster), value);
        block.dirty = true;
    }

    /** Counts one more reference to a cluster that is in use. */
    void raise(long cluster) throws IOException {
        long count = inUse(cluster);
        if (count < 0 || count == geometry.maximumRefcount()) {
            throw new ImageException(
                    ErrorKind.LIMIT,
                    "The refcount of host cluster 0x" + Long.toHexString(cluster << geometry.clusterBits())
                            + " cannot grow beyond " + count);
        }
        set(cluster, count + 1);
    }

    /**
     * Counts one reference less to a cluster that is in use.
     *
     * @return how many are left
     */
    long lower(long cluster) throws IOException {
        long left = inUse(cluster) - 1;
        set(cluster, left);
        return left;
    }

    /** Whether a cluster is in use and can have one more reference. */
    boolean shareable(long cluster) throws IOException {
        long count = get(cluster);
        return count > 0 && count < geometry.maximumRefcount();
    }

    private long inUse(long cluster) throws IOException {
        long count = get(cluster);
        if (count == 0) {
            throw new ImageException(
                    ErrorKind.CORRUPT,
                    "Refcount of host cluster 0x" + Long.toHexString(cluster << geometry.clusterBits())
                            + " is 0 although it was in use");
        }
        return count;
    }

    /** Adds an empty block to the cache and to the table. */
    void create(int index, long hostOffset) throws IOException {
        io.about(StorageEvent.REFBLOCK_ALLOC);
        Block block = new Block(index, new byte[geometry.clusterSize()]);
        block.dirty = true;
        makeRoom();
        cached.put((long) index, block);
        table.set(index, hostOffset);
    }

    /** Drops blocks from an index on, changed or not. */
    void forget(long from) {
        cached.keySet().removeIf(index -> index >= from);
        last = null;
    }

    /** Writes all changed blocks. */
    void write() throws IOException {
        for (Block block : cached.values()) {
            write(block);
        }
    }

    /** Whether a block is changed. */
    boolean isDirty() {
        for (Block block : cached.values()) {
            if (block.dirty) {
                return true;
            }
        }
        return false;
    }

    private @Nullable Block find(long index) throws IOException {
        Block recent = last;
        if (recent != null && recent.index == index) {
            return recent;
        }
        Block block = cached.get(index);
        if (block == null) {
            long offset = table.block(index);
            if (offset == 0) {
                return null;
            }
            makeRoom();
            byte[] bytes = new byte[geometry.clusterSize()];
            io.about(StorageEvent.REFBLOCK_LOAD);
            io.read(offset, bytes.length).get(bytes);
            block = new Block(index, bytes);
            cached.put(index, block);
        }
        last = block;
        return block;
    }

    private void makeRoom() throws IOException {
        while (cached.size() >= capacity) {
            Map.Entry<Long, Block> eldest = cached.entrySet().iterator().next();
            write(eldest.getValue());
            cached.remove(eldest.getKey());
            if (last == eldest.getValue()) {
                last = null;
            }
        }
    }

    private void write(Block block) throws IOException {
        if (block.dirty) {
            io.about(StorageEvent.REFBLOCK_UPDATE);
            io.write(ByteBuffer.wrap(block.bytes), table.block(block.index));
            block.dirty = false;
        }
    }

    private int inBlock(long cluster) {
        return (int) cluster & ((1 << geometry.refcountBlockBits()) - 1);
    }
}
