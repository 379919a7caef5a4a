package io.jimg.qcow2.image;

import io.jimg.qcow2.mapping.Damage;
import io.jimg.qcow2.mapping.EntryCodec;
import io.jimg.qcow2.mapping.Geometry;
import io.jimg.qcow2.mapping.L1Table;
import io.jimg.qcow2.mapping.L2Cache;
import io.jimg.qcow2.mapping.Mapper;
import io.jimg.storage.Storage;
import io.jimg.storage.StorageEvent;
import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * The mapping of one L1 table: the image's active one, or a snapshot's.
 *
 * @param codec how its entries are read
 * @param l1 the table
 * @param cache its L2 slices
 * @param mapper the way from guest offsets to runs
 */
record GuestMap(EntryCodec codec, L1Table l1, L2Cache cache, Mapper mapper) {

    /**
     * Reads an L1 table and sets up the rest.
     *
     * @param l1Offset host offset of the table
     * @param stored entries that the table has
     * @param entries entries that the guest's size needs, those behind the table's end being zero; checked against the
     *     cap by the caller
     */
    static GuestMap load(
            Storage file,
            EntryCodec codec,
            long l1Offset,
            long stored,
            int entries,
            CacheSizes sizes,
            L2Cache.Pressure pressure,
            Damage damage)
            throws IOException {
        Geometry geometry = codec.geometry();
        ByteBuffer table = ByteBuffer.allocate(entries * Long.BYTES);
        file.read(table.limit((int) Math.min(stored, entries) * Long.BYTES), l1Offset);
        L1Table l1 = new L1Table(geometry, table.clear());
        L2Cache cache = new L2Cache(
                geometry,
                l1,
                sizes.sliceSize(),
                sizes.slices(),
                (hostOffset, length) -> {
                    file.about(StorageEvent.L2_LOAD);
                    return read(file, hostOffset, length);
                },
                pressure);
        return new GuestMap(codec, l1, cache, new Mapper(codec, l1, cache, damage));
    }

    static ByteBuffer read(Storage file, long hostOffset, int length) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(length);
        file.read(bytes, hostOffset);
        return bytes.flip();
    }
}
