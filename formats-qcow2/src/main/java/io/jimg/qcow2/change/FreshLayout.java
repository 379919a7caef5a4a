package io.jimg.qcow2.change;

import io.jimg.qcow2.allocation.FirstBlock;
import io.jimg.qcow2.header.CryptMethod;
import io.jimg.qcow2.header.Header;
import io.jimg.qcow2.header.HeaderFields;
import io.jimg.qcow2.header.IncompatibleFeature;
import io.jimg.spi.Zeroes;
import io.jimg.storage.Storage;
import io.jimg.storage.StorageEvent;
import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * Unmaps all guest clusters by laying the file out like that of a fresh image: header, refcount table, refcount block,
 * L1 table, and nothing behind them. For an image that has nothing else in its file.
 *
 * <p>The image is marked dirty meanwhile, for refcounts are wrong from when their place is overwritten until they are
 * written anew. The order: the mark; the L1 table where it lies becomes empty, barrier, and so does the new layout's
 * room; barrier; the header turns to the new places in one sector; refcounts; the mark goes and the file is cut. A
 * power loss before the first barrier leaves an image of which a part is unmapped, later one that is empty; a repair
 * sets its refcounts right.
 */
final class FreshLayout {
    private static final int TABLE_CLUSTER = 1;
    private static final int BLOCK_CLUSTER = 2;
    private static final int L1_CLUSTER = 3;

    private final ExclusiveFile image;
    private final Header header;
    private final Storage file;
    private final int clusters;

    private FreshLayout(ExclusiveFile image) {
        this.image = image;
        this.header = image.header();
        this.file = image.file();
        this.clusters = clusters(header);
    }

    private static int clusters(Header header) {
        long l1Bytes = (long) header.l1Size() * Long.BYTES;
        return (int) (L1_CLUSTER + ((l1Bytes + header.clusterSize() - 1) >>> header.clusterBits()));
    }

    /** Whether an image has no more than a fresh one has, and one refcount block counts that. */
    static boolean suits(Header header) {
        return header.version() >= 3
                && header.snapshotCount() == 0
                && header.bitmaps() == null
                && !header.hasDataFile()
                && header.cryptMethod() != CryptMethod.LUKS
                && clusters(header) <= 1 << header.refcountBlockBits();
    }

    /** Lays the file out anew. */
    static void apply(ExclusiveFile image) throws IOException {
        new FreshLayout(image).apply();
    }

    private void apply() throws IOException {
        mark(IncompatibleFeature.DIRTY.mask());
        file.about(StorageEvent.L1_UPDATE);
        zero(header.l1TableOffset(), (long) header.l1Size() * Long.BYTES);
        image.barrier();
        file.about(StorageEvent.EMPTY_IMAGE_PREPARE);
        zero(place(TABLE_CLUSTER), place(clusters) - place(TABLE_CLUSTER));
        image.barrier();
        file.about(StorageEvent.REFTABLE_UPDATE);
        image.changeHeader(sector -> sector.putLong(HeaderFields.L1_TABLE_OFFSET, place(L1_CLUSTER))
                .putLong(HeaderFields.REFCOUNT_TABLE_OFFSET, place(TABLE_CLUSTER))
                .putInt(HeaderFields.REFCOUNT_TABLE_CLUSTERS, 1));
        file.about(StorageEvent.REFBLOCK_ALLOC);
        file.write(FirstBlock.bytes(header.clusterSize(), header.refcountOrder(), clusters), place(BLOCK_CLUSTER));
        file.write(ByteBuffer.allocate(Long.BYTES).putLong(0, place(BLOCK_CLUSTER)), place(TABLE_CLUSTER));
        image.barrier();
        if (file.growsWithZeroes() && file.size() > place(clusters)) {
            file.truncate(place(clusters));
        }
        mark(0);
    }

    private long place(int cluster) {
        return (long) cluster << header.clusterBits();
    }

    private void zero(long hostOffset, long length) throws IOException {
        Zeroes.write(length, (zeroes, at) -> file.write(zeroes, hostOffset + at));
    }

    private void mark(long bit) throws IOException {
        int field = HeaderFields.INCOMPATIBLE_FEATURES;
        image.changeHeader(
                sector -> sector.putLong(field, sector.getLong(field) & ~IncompatibleFeature.DIRTY.mask() | bit));
    }
}
