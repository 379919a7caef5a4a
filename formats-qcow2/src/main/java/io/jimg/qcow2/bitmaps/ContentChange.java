package io.jimg.qcow2.bitmaps;

import io.jimg.capability.DirtyRuns;
import io.jimg.qcow2.change.ExclusiveFile;
import io.jimg.qcow2.header.BitmapDirectory;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * New content for a bitmap: clusters of bits that change, and the table, go to new places; what they replace is given
 * back once nothing points there. A cluster of bits is in memory at a time.
 *
 * <p>The order is the caller's: {@link #mark} or {@link #clear} or {@link #resize}, then make refcounts and data
 * durable, then point the directory to {@link #entry()}, durably, then {@link #releaseOld}.
 */
final class ContentChange {
    private final ExclusiveFile image;
    private final BitmapDirectory.Entry old;
    private final List<Long> replaced = new ArrayList<>();
    private BitmapDirectory.Entry entry;

    /** Changes nothing yet. */
    ContentChange(ExclusiveFile image, BitmapDirectory.Entry entry) {
        this.image = image;
        this.old = entry;
        this.entry = entry;
    }

    /** The directory entry that points to the new content; the old entry where nothing changed. */
    BitmapDirectory.Entry entry() {
        return entry;
    }

    /** Marks dirty what is dirty elsewhere. */
    void mark(DirtyRuns source) throws IOException {
        BitmapShape shape = BitmapShape.of(image.header(), old);
        BitmapTable stored = BitmapTable.read(image.file(), image.header(), old);
        BitmapTable changed = stored.copy(stored.length());
        byte[] bits = new byte[shape.clusterSize()];
        for (long at = source.nextDirty(0); at < shape.size(); ) {
            int cluster = shape.cluster(at);
            long end = shape.end(cluster);
            stored.load(image.file(), cluster, bits);
            boolean different = false;
            while (at < end) {
                long clean = Math.min(end, source.nextClean(at));
                different |= Bits.set(bits, shape.bit(at), shape.bit(clean - 1) + 1);
                at = source.nextDirty(clean);
            }
            if (different) {
                write(stored, changed, cluster, bits);
            }
        }
        if (!replaced.isEmpty()) {
            use(changed);
        }
    }

    /** Makes all clean. */
    void clear() throws IOException {
        BitmapTable stored = BitmapTable.read(image.file(), image.header(), old);
        for (int i = 0; i < stored.length(); i++) {
            replaced.add(stored.hostOffset(i));
        }
        use(BitmapTable.clean(stored.length(), image.header().clusterSize()));
    }

    /** Follows the guest to another size: what is new is clean, what is gone leaves no bit. */
    void resize(long newSize) throws IOException {
        BitmapShape shape = new BitmapShape(newSize, image.header().clusterBits(), old.granularityBits());
        BitmapTable stored = BitmapTable.read(image.file(), image.header(), old);
        int length = (int) shape.clusters();
        BitmapTable changed = stored.copy(length);
        long kept = Math.min(newSize, image.header().size());
        int last = kept == 0 ? -1 : shape.cluster(kept - 1);
        for (int i = last + 1; i < stored.length(); i++) {
            replaced.add(stored.hostOffset(i));
            if (i < length) {
                changed.point(i, 0);
            }
        }
        if (last >= 0 && last < stored.length() && !stored.clean(last)) {
            byte[] bits = new byte[shape.clusterSize()];
            stored.load(image.file(), last, bits);
            int used = shape.bit(kept - 1) + 1;
            if (Bits.next(bits, used, true) < bits.length * Byte.SIZE) {
                Bits.clearFrom(bits, used);
                write(stored, changed, last, bits);
            }
        }
        use(changed);
    }

    private void write(BitmapTable stored, BitmapTable changed, int cluster, byte[] bits) throws IOException {
        changed.point(cluster, Bits.none(bits) ? 0 : DirectoryFile.write(image, ByteBuffer.wrap(bits)));
        replaced.add(stored.hostOffset(cluster));
    }

    private void use(BitmapTable changed) throws IOException {
        long hostOffset = DirectoryFile.write(image, changed.write());
        entry = new BitmapDirectory.Entry(
                hostOffset, changed.length(), old.inUse(), old.auto(), old.granularityBits(), old.nameBytes());
    }

    /** Gives back what the new content replaced; the directory no longer points there. */
    void releaseOld() throws IOException {
        if (entry == old) {
            return;
        }
        for (long hostOffset : replaced) {
            if (hostOffset != 0) {
                DirectoryFile.release(image, hostOffset, 1);
            }
        }
        DirectoryFile.release(image, old.tableOffset(), (long) old.tableSize() * Long.BYTES);
    }
}
