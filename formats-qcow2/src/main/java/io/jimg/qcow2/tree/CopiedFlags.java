package io.jimg.qcow2.tree;

import io.jimg.qcow2.allocation.ClusterAllocator;
import io.jimg.qcow2.change.ExclusiveFile;
import io.jimg.qcow2.mapping.EntryCodec;
import io.jimg.qcow2.mapping.Geometry;
import io.jimg.qcow2.mapping.Run;
import java.io.IOException;

/**
 * The COPIED flags of a tree: set in an entry whose cluster nobody else refers to, so that it may be written in place
 * (specification: "L1 table entry", "L2 table entry"). Tables are changed where they lie; a power loss leaves some
 * entries changed and others not, each of them whole. For one thread.
 */
public final class CopiedFlags {
    private final ExclusiveFile image;
    private final ClusterAllocator allocator;
    private final L2Content table;
    private final EntryCodec codec;

    /** For the trees of an image. */
    public CopiedFlags(ExclusiveFile image) {
        this.image = image;
        this.allocator = image.allocator();
        this.table = new L2Content(image.file(), image.header());
        this.codec = table.codec();
    }

    /** Clears the flags in the L2 tables of a tree, and in the array; the L1 table is for the caller to write. */
    public void clear(long[] l1) throws IOException {
        for (int index = 0; index < l1.length; index++) {
            long place = table.tableOffset(l1[index], index);
            if (place != 0) {
                clearTable(place);
                l1[index] &= ~EntryCodec.COPIED;
            }
        }
    }

    private void clearTable(long place) throws IOException {
        table.read(place);
        boolean changed = false;
        for (int i = 0; i < table.length(); i++) {
            long entry = table.entry(i);
            if ((entry & EntryCodec.COPIED) != 0 && !codec.externalData()) {
                table.put(i, entry & ~EntryCodec.COPIED, table.bitmap(i));
                changed = true;
            }
        }
        if (changed) {
            table.write(place);
        }
    }

    /**
     * Sets the flags in the tables of a tree where the refcounts say so; these must be durable.
     *
     * @param l1Offset where the L1 table lies
     * @param l1 its entries, changed along
     */
    public void set(long l1Offset, long[] l1) throws IOException {
        Geometry geometry = table.geometry();
        boolean changed = false;
        for (int index = 0; index < l1.length; index++) {
            long place = table.tableOffset(l1[index], index);
            // What a shared table refers to is shared, too.
            if (place != 0 && allocator.refcount(place) == 1) {
                setTable(place);
                changed |= (l1[index] & EntryCodec.COPIED) == 0;
                l1[index] |= EntryCodec.COPIED;
            }
        }
        if (changed) {
            L1Entries.write(image.file(), l1Offset, l1, geometry.clusterSize());
        }
    }

    private void setTable(long place) throws IOException {
        table.read(place);
        boolean changed = false;
        for (int i = 0; i < table.length(); i++) {
            long entry = table.entry(i);
            boolean eligible = (entry & EntryCodec.COPIED) == 0
                    && !codec.compressed(entry)
                    && codec.hostOffset(entry) != Run.NOWHERE
                    && !codec.externalData();
            if (eligible && allocator.refcount(codec.hostOffset(entry)) == 1) {
                table.put(i, entry | EntryCodec.COPIED, table.bitmap(i));
                changed = true;
            }
        }
        if (changed) {
            table.write(place);
        }
    }
}
