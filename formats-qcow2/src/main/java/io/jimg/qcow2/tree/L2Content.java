package io.jimg.qcow2.tree;

import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.qcow2.header.Header;
import io.jimg.qcow2.mapping.EntryCodec;
import io.jimg.qcow2.mapping.Geometry;
import io.jimg.qcow2.mapping.Run;
import io.jimg.storage.Storage;
import java.io.IOException;
import java.nio.ByteBuffer;

/** The bytes of one L2 table, used again for one table after the other. For one thread. */
public final class L2Content {

    /** Takes host clusters to which an entry refers. */
    @FunctionalInterface
    public interface References {
        /** Clusters that follow each other, each referred to once. */
        void clusters(long hostOffset, long count) throws IOException;

        /**
         * What is done about an entry that points to no cluster, which is passed over then.
         *
         * @param damage says so
         * @throws IOException {@code damage}, unless the entry does not matter
         */
        default void unaligned(ImageException damage) throws IOException {
            throw damage;
        }
    }

    private final Storage file;
    private final Geometry geometry;
    private final EntryCodec codec;
    private final ByteBuffer bytes;

    /** For the tables of an image. */
    public L2Content(Storage file, Header header) {
        this.file = file;
        this.geometry = new Geometry(header.clusterBits(), header.extendedL2(), header.refcountOrder());
        this.codec = new EntryCodec(geometry, header.version(), header.hasDataFile());
        this.bytes = ByteBuffer.allocate(geometry.clusterSize());
    }

    /** Measures of the image. */
    public Geometry geometry() {
        return geometry;
    }

    /** Reads and makes entries. */
    public EntryCodec codec() {
        return codec;
    }

    /** Entries in a table. */
    public int length() {
        return 1 << geometry.tableBits();
    }

    /**
     * Host offset of the table that an L1 entry points to; 0 for none.
     *
     * @throws ImageException {@link ErrorKind#CORRUPT} where it is no cluster's
     */
    public long tableOffset(long l1Entry, int l1Index) throws ImageException {
        long offset = l1Entry & EntryCodec.OFFSET_MASK;
        if (geometry.inCluster(offset) != 0) {
            throw new ImageException(
                    ErrorKind.CORRUPT,
                    "L2 table offset 0x" + Long.toHexString(offset) + " unaligned (L1 index: 0x"
                            + Integer.toHexString(l1Index) + ")",
                    file.name(),
                    offset,
                    null);
        }
        return offset;
    }

    /** Reads a table. */
    public void read(long hostOffset) throws IOException {
        file.read(bytes.clear(), hostOffset);
    }

    /** The table's bytes, which do not change along. */
    public ByteBuffer copy() {
        return ByteBuffer.allocate(bytes.capacity())
                .put(bytes.duplicate().clear())
                .clear();
    }

    /** Reads a table that was {@link #copy copied}. */
    public void restore(ByteBuffer copy) {
        bytes.clear().put(copy.duplicate().clear());
    }

    /** Writes the table to a place. */
    public void write(long hostOffset) throws IOException {
        file.write(bytes.clear(), hostOffset);
    }

    /** Makes a table without entries. */
    public void clear() {
        clearFrom(0);
    }

    /** Clears entries up to the table's end, and tells whether any was not empty. */
    public boolean clearFrom(int index) {
        boolean changed = false;
        for (int at = index * geometry.entrySize(); at < bytes.capacity(); at += Long.BYTES) {
            changed |= bytes.getLong(at) != 0;
            bytes.putLong(at, 0);
        }
        return changed;
    }

    /** The first word of an entry. */
    public long entry(int index) {
        return bytes.getLong(index * geometry.entrySize());
    }

    /** The second word of an entry; 0 where entries have one word. */
    public long bitmap(int index) {
        return geometry.extended() ? bytes.getLong(index * geometry.entrySize() + Long.BYTES) : 0;
    }

    /** Sets an entry; {@code bitmap} is ignored where entries have one word. */
    public void put(int index, long entry, long bitmap) {
        int at = index * geometry.entrySize();
        bytes.putLong(at, entry);
        if (geometry.extended()) {
            bytes.putLong(at + Long.BYTES, bitmap);
        }
    }

    /**
     * Visits the host clusters of entries from an index on, in their order, neighbours joined. Clusters of an external
     * data file have no refcounts and are left out.
     *
     * @throws ImageException {@link ErrorKind#CORRUPT} for an entry that points to no cluster, unless
     *     {@link References#unaligned} says otherwise
     */
    public void references(int fromIndex, References visitor) throws IOException {
        if (codec.externalData()) {
            return;
        }
        long start = Run.NOWHERE;
        long end = Run.NOWHERE;
        for (int index = fromIndex; index < length(); index++) {
            long entry = entry(index);
            if (entry == 0) {
                continue;
            }
            long first;
            long last;
            if (codec.compressed(entry)) {
                long stream = codec.streamOffset(entry);
                first = geometry.clusterStart(stream);
                last = geometry.clusterCeiling(stream + codec.streamLimit(entry));
            } else if (codec.hostOffset(entry) != Run.NOWHERE) {
                first = codec.hostOffset(entry);
                if (geometry.inCluster(first) != 0) {
                    visitor.unaligned(unaligned(first, index));
                    continue;
                }
                last = first + geometry.clusterSize();
            } else {
                continue;
            }
            if (first != end) {
                visit(start, end, visitor);
                start = first;
            }
            end = last;
        }
        visit(start, end, visitor);
    }

    private void visit(long start, long end, References visitor) throws IOException {
        if (start != Run.NOWHERE) {
            visitor.clusters(start, (end - start) >>> geometry.clusterBits());
        }
    }

    private ImageException unaligned(long hostOffset, int index) {
        return new ImageException(
                ErrorKind.CORRUPT,
                "Cluster allocation offset 0x" + Long.toHexString(hostOffset) + " unaligned (L2 index: 0x"
                        + Integer.toHexString(index) + ")",
                file.name(),
                hostOffset,
                null);
    }
}
