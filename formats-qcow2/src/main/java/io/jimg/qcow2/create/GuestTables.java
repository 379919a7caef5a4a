package io.jimg.qcow2.create;

import io.jimg.qcow2.mapping.EntryCodec;
import io.jimg.qcow2.mapping.Geometry;
import io.jimg.storage.Storage;
import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * L1 and L2 tables of an image that is written in guest order: the L1 table and one L2 table are in memory, and an L2
 * table is written once, when the next one begins (specification: "Cluster mapping"). For one thread.
 */
final class GuestTables {
    private final Storage storage;
    private final Geometry geometry;
    private final AppendCursor cursor;
    private final ByteBuffer l1;
    private final ByteBuffer l2;
    private int current = -1;
    private long currentOffset;

    GuestTables(Storage storage, Geometry geometry, AppendCursor cursor, int l1Size) {
        this.storage = storage;
        this.geometry = geometry;
        this.cursor = cursor;
        this.l1 = ByteBuffer.allocateDirect(l1Size * Long.BYTES);
        this.l2 = ByteBuffer.allocateDirect(geometry.clusterSize());
    }

    /** Clusters from a guest cluster on that its L2 table describes. */
    long coveredFrom(long guestCluster) {
        long entries = 1L << geometry.tableBits();
        return entries - (guestCluster & (entries - 1));
    }

    /**
     * Makes the L2 table of a guest cluster the current one; it takes its place in the image before the cluster does.
     */
    void enter(long guestCluster) throws IOException {
        int index = (int) (guestCluster >>> geometry.tableBits());
        if (index == current) {
            return;
        }
        writeCurrent();
        l2.clear();
        while (l2.hasRemaining()) {
            l2.putLong(0);
        }
        currentOffset = cursor.take(1) << geometry.clusterBits();
        l1.putLong(index * Long.BYTES, currentOffset | EntryCodec.COPIED);
        current = index;
    }

    /**
     * Sets an entry in the current table.
     *
     * @param bitmap ignored unless entries are extended
     */
    void put(long guestCluster, long entry, long bitmap) {
        int at = at(guestCluster);
        l2.putLong(at, entry);
        if (geometry.extended()) {
            l2.putLong(at + Long.BYTES, bitmap);
        }
    }

    private int at(long guestCluster) {
        long entries = 1L << geometry.tableBits();
        return (int) (guestCluster & (entries - 1)) * geometry.entrySize();
    }

    private void writeCurrent() throws IOException {
        if (current >= 0) {
            storage.write(l2.clear(), currentOffset);
        }
    }

    /** Writes what is not written yet, the L1 table included. */
    void finish(long l1Offset) throws IOException {
        writeCurrent();
        if (l1.capacity() > 0) {
            storage.write(l1.clear(), l1Offset);
        }
    }
}
