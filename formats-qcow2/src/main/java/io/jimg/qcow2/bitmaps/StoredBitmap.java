package io.jimg.qcow2.bitmaps;

import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.capability.DirtyRuns;
import io.jimg.qcow2.header.BitmapDirectory;
import io.jimg.qcow2.header.Header;
import io.jimg.storage.Storage;
import java.io.IOException;

/**
 * What the file says of a bitmap, read a cluster of bits at a time. Valid as long as nobody changes the bitmap. Safe
 * for many threads.
 */
public final class StoredBitmap implements DirtyRuns {
    private final Storage file;
    private final BitmapShape shape;
    private final BitmapTable table;

    /** The bits that were asked for last. */
    private final byte[] bits;

    private int loaded = -1;

    private StoredBitmap(Storage file, BitmapShape shape, BitmapTable table) {
        this.file = file;
        this.shape = shape;
        this.table = table;
        this.bits = new byte[shape.clusterSize()];
    }

    /**
     * Reads a bitmap's table.
     *
     * @throws ImageException {@link ErrorKind#CORRUPT} where the bitmap is inconsistent, with QEMU's sentence, or its
     *     table damaged
     */
    public static StoredBitmap open(Storage file, Header header, BitmapDirectory.Entry entry) throws IOException {
        requireConsistent(entry, file.name());
        return new StoredBitmap(file, BitmapShape.of(header, entry), BitmapTable.read(file, header, entry));
    }

    /** As {@link #open}; for a bitmap that is marked because this process records in it. */
    static StoredBitmap openMarked(Storage file, Header header, BitmapDirectory.Entry entry) throws IOException {
        return new StoredBitmap(file, BitmapShape.of(header, entry), BitmapTable.read(file, header, entry));
    }

    /** Refuses an inconsistent bitmap in QEMU's words. */
    static void requireConsistent(BitmapDirectory.Entry entry, String resource) throws ImageException {
        if (entry.inUse()) {
            throw new ImageException(
                    ErrorKind.CORRUPT,
                    "Bitmap '" + entry.name() + "' is inconsistent and cannot be used\n"
                            + "Try block-dirty-bitmap-remove to delete this bitmap from disk",
                    resource,
                    ImageException.NO_OFFSET,
                    null);
        }
    }

    @Override
    public long size() {
        return shape.size();
    }

    @Override
    public long granularity() {
        return shape.granularity();
    }

    @Override
    public long nextDirty(long guestOffset) throws IOException {
        return next(guestOffset, true);
    }

    @Override
    public long nextClean(long guestOffset) throws IOException {
        return next(guestOffset, false);
    }

    private synchronized long next(long guestOffset, boolean dirty) throws IOException {
        for (long at = guestOffset; at < shape.size(); ) {
            int cluster = shape.cluster(at);
            long end = shape.end(cluster);
            if (table.hostOffset(cluster) == 0) {
                if (table.clean(cluster) != dirty) {
                    return at;
                }
            } else {
                load(cluster);
                long bit = Bits.next(bits, shape.bit(at), dirty);
                long found = shape.start(cluster) + (bit << shape.granularityBits());
                if (found < end) {
                    return Math.max(at, found);
                }
            }
            at = end;
        }
        return shape.size();
    }

    private void load(int cluster) throws IOException {
        if (loaded != cluster) {
            loaded = -1;
            table.load(file, cluster, bits);
            loaded = cluster;
        }
    }
}
