package io.jimg.qcow2.amend;

import io.jimg.DamageException;
import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.qcow2.allocation.ClusterAllocator;
import io.jimg.qcow2.change.ExclusiveFile;
import io.jimg.qcow2.change.MetadataChange;
import io.jimg.qcow2.change.Pulse;
import io.jimg.qcow2.header.Header;
import io.jimg.qcow2.header.HeaderFields;
import io.jimg.qcow2.header.IncompatibleFeature;
import io.jimg.qcow2.mapping.EntryCodec;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * Turns clusters that read as zeroes by a flag into such that need none, in the image and in all its snapshots: version
 * 2 has no such flag (specification: "Standard Cluster Descriptor", bit 0). Without a backing file they become
 * unallocated; with one, clusters full of zeroes.
 *
 * <p>Power loss leaves leaked clusters at worst: zeroes and refcounts are durable before the entries that point to
 * them, and these before what they no longer need is freed.
 */
public final class ZeroRemoval implements MetadataChange<Boolean> {
    private static final long COPIED = 1L << 63;
    private static final long COMPRESSED = 1L << 62;
    private static final long ZERO = 1;

    /** Writes what a guest reads as zeroes. */
    @FunctionalInterface
    public interface Zeroes {
        /** Fills one host cluster, for the guest bytes at an offset. */
        void write(long hostOffset, long guestOffset) throws IOException;
    }

    private final boolean backing;
    private final Zeroes zeroes;
    private final Pulse pulse;

    /**
     * A change of an image without extended L2 entries and without an external data file.
     *
     * @param backing whether what is unallocated shows a backing file
     * @param zeroes writes zeroes as the image's encryption wants them
     */
    public ZeroRemoval(boolean backing, Zeroes zeroes, Pulse pulse) {
        this.backing = backing;
        this.zeroes = zeroes;
        this.pulse = pulse;
    }

    /** Makes the change; the result tells whether there was anything to change. */
    @Override
    public Boolean apply(ExclusiveFile image) throws IOException {
        AllTables all = new AllTables(image, pulse);
        all.requireSnapshots();
        Tables tables = new Tables(image);
        try {
            all.each(tables::change);
        } catch (ImageException failure) {
            throw failure.kind() == ErrorKind.CORRUPT && !(failure instanceof DamageException)
                    ? marked(image, failure)
                    : failure;
        }
        return tables.changed;
    }

    /** Marks an image whose tables are damaged, so that nobody writes to it until it was repaired. */
    private static DamageException marked(ExclusiveFile image, ImageException failure) throws IOException {
        image.changeHeader(sector -> sector.putLong(
                HeaderFields.INCOMPATIBLE_FEATURES,
                sector.getLong(HeaderFields.INCOMPATIBLE_FEATURES) | IncompatibleFeature.CORRUPT.mask()));
        return new DamageException(
                "qcow2: Marking image as corrupt: " + failure.getMessage()
                        + "; further corruption events will be suppressed",
                image.file().name(),
                failure.offset(),
                failure);
    }

    /** A cluster that a table no longer refers to. */
    private record Freed(long hostOffset, long times) {}

    private final class Tables {
        private final ExclusiveFile image;
        private final Header header;
        private final ClusterAllocator allocator;
        private final ByteBuffer table;
        private boolean changed;

        Tables(ExclusiveFile image) {
            this.image = image;
            this.header = image.header();
            this.allocator = image.allocator();
            this.table = ByteBuffer.allocate(header.clusterSize());
        }

        void change(long tableOffset, long guestStart, boolean active) throws IOException {
            image.file().read(table.clear(), tableOffset);
            long references = allocator.refcount(tableOffset);
            List<Freed> freed = new ArrayList<>();
            boolean found = false;
            for (int at = 0; at < table.capacity(); at += Long.BYTES) {
                long entry = table.getLong(at);
                if ((entry & COMPRESSED) == 0 && (entry & ZERO) != 0) {
                    int index = at / Long.BYTES;
                    long guestOffset = guestStart + ((long) index << header.clusterBits());
                    requireAligned(entry, tableOffset, index);
                    table.putLong(at, change(entry, guestOffset, references, active, freed));
                    found = true;
                }
            }
            if (!found) {
                return;
            }
            changed = true;
            image.commitRefcounts();
            image.file().write(table.clear(), tableOffset);
            image.barrier();
            for (Freed each : freed) {
                for (long i = 0; i < each.times; i++) {
                    allocator.release(each.hostOffset, 1);
                }
            }
        }

        private void requireAligned(long entry, long tableOffset, int index) throws ImageException {
            long hostOffset = entry & EntryCodec.OFFSET_MASK;
            if ((hostOffset & (header.clusterSize() - 1)) != 0) {
                throw new ImageException(
                        ErrorKind.CORRUPT,
                        "Cluster allocation offset 0x" + Long.toHexString(hostOffset) + " unaligned (L2 offset: 0x"
                                + Long.toHexString(tableOffset) + ", L2 index: "
                                + (index == 0 ? "0" : "0x" + Integer.toHexString(index)) + ")",
                        image.file().name(),
                        hostOffset,
                        null);
            }
        }

        /** Returns the entry that is to be there instead. */
        private long change(long entry, long guestOffset, long references, boolean active, List<Freed> freed)
                throws IOException {
            long hostOffset = entry & EntryCodec.OFFSET_MASK;
            if (backing && hostOffset != 0 && allocator.refcount(hostOffset) == references) {
                zeroes.write(hostOffset, guestOffset);
                return entry & ~ZERO;
            }
            if (hostOffset != 0) {
                freed.add(new Freed(hostOffset, references));
            }
            if (!backing) {
                return 0;
            }
            long fresh = allocator.allocate(1).hostOffset();
            for (long i = 1; i < references; i++) {
                allocator.retain(fresh, 1);
            }
            zeroes.write(fresh, guestOffset);
            return active && references == 1 ? fresh | COPIED : fresh;
        }
    }
}
