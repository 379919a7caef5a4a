package io.jimg.qcow2.change;

import io.jimg.qcow2.allocation.ClusterAllocator;
import io.jimg.qcow2.header.Header;
import io.jimg.qcow2.mapping.EntryCodec;
import io.jimg.qcow2.mapping.Geometry;
import io.jimg.qcow2.mapping.Run;
import io.jimg.storage.Storage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.BitSet;

/**
 * Unmaps all guest clusters of an image: by a {@link FreshLayout} where it has nothing else in its file. Elsewhere the
 * active L1 table is zeroed in place first and durably; only then the refcounts of what it pointed to drop, so that
 * power loss leaves leaks at worst. The specification gives L1 entries no say over each other, so a table of which only
 * some sectors were zeroed is one whose image is emptied in part. Then the file is cut behind the last cluster in use,
 * and what became free before it is punched.
 *
 * <p>Pointers that are damaged are passed over: what they may have meant leaks.
 */
public final class Emptying implements MetadataChange<Boolean> {

    /** For one use. */
    public Emptying() {}

    /** Returns whether anything was mapped. */
    @Override
    public Boolean apply(ExclusiveFile image) throws IOException {
        Header header = image.header();
        Storage file = image.file();
        ByteBuffer l1 = ByteBuffer.allocate(header.l1Size() * Long.BYTES);
        file.read(l1, header.l1TableOffset());
        if (l1.flip().mismatch(ByteBuffer.allocate(l1.capacity())) < 0) {
            return false;
        }
        if (FreshLayout.suits(header)) {
            FreshLayout.apply(image);
            return true;
        }
        file.write(ByteBuffer.allocate(l1.capacity()), header.l1TableOffset());
        image.barrier();
        BitSet freed = new Release(image).release(l1);
        image.commitRefcounts();
        giveBack(image, freed);
        return true;
    }

    private static void giveBack(ExclusiveFile image, BitSet freed) throws IOException {
        int clusterBits = image.header().clusterBits();
        long end = image.allocator().trimEnd();
        if (image.file().growsWithZeroes() && image.file().size() > end) {
            image.file().truncate(end);
        }
        int last = (int) Math.min(Integer.MAX_VALUE, end >>> clusterBits);
        for (int from = freed.nextSetBit(0); from >= 0 && from < last; ) {
            int to = Math.min(last, freed.nextClearBit(from));
            // Where the storage cannot punch, nothing is lost but room.
            image.file().punch((long) from << clusterBits, (long) (to - from) << clusterBits);
            from = freed.nextSetBit(to);
        }
    }

    /** Lowers the refcounts of all that an L1 table pointed to. */
    private static final class Release {
        private final ExclusiveFile image;
        private final ClusterAllocator allocator;
        private final Geometry geometry;
        private final EntryCodec codec;
        private final ByteBuffer table;

        /** Numbers of the clusters that nothing refers to any more. */
        private final BitSet freed = new BitSet();

        Release(ExclusiveFile image) {
            Header header = image.header();
            this.image = image;
            this.allocator = image.allocator();
            this.geometry = new Geometry(header.clusterBits(), header.extendedL2(), header.refcountOrder());
            this.codec = new EntryCodec(geometry, header.version(), header.hasDataFile());
            this.table = ByteBuffer.allocate(geometry.clusterSize());
        }

        BitSet release(ByteBuffer l1) throws IOException {
            while (l1.hasRemaining()) {
                long offset = l1.getLong() & EntryCodec.OFFSET_MASK;
                if (offset != 0 && geometry.inCluster(offset) == 0) {
                    image.file().read(table.clear(), offset);
                    entries(table.flip());
                    lower(offset);
                }
            }
            return freed;
        }

        private void entries(ByteBuffer l2) throws IOException {
            while (l2.hasRemaining()) {
                long entry = l2.getLong();
                if (geometry.extended()) {
                    l2.getLong();
                }
                if (codec.compressed(entry)) {
                    long first = geometry.clusterStart(codec.streamOffset(entry));
                    long end = codec.streamOffset(entry) + codec.streamLimit(entry);
                    for (long at = first; at < end; at += geometry.clusterSize()) {
                        lower(at);
                    }
                } else if (image.externalData() == null && codec.hostOffset(entry) != Run.NOWHERE) {
                    long host = codec.hostOffset(entry);
                    if (geometry.inCluster(host) == 0) {
                        lower(host);
                    }
                }
            }
        }

        private void lower(long hostOffset) throws IOException {
            long count = allocator.refcount(hostOffset);
            if (count != 0) {
                allocator.release(hostOffset, 1);
            }
            if (count == 1 && hostOffset >>> geometry.clusterBits() < Integer.MAX_VALUE) {
                freed.set((int) (hostOffset >>> geometry.clusterBits()));
            }
        }
    }
}
