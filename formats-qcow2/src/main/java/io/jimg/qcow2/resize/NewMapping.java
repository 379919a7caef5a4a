package io.jimg.qcow2.resize;

import io.jimg.ImageException;
import io.jimg.qcow2.allocation.Allocation;
import io.jimg.qcow2.change.ExclusiveFile;
import io.jimg.qcow2.header.Header;
import io.jimg.qcow2.header.HeaderFields;
import io.jimg.qcow2.mapping.EntryCodec;
import io.jimg.qcow2.mapping.Geometry;
import io.jimg.qcow2.tree.L1Entries;
import io.jimg.qcow2.tree.L2Content;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The mapping of a disk of another size, made beside the present one: tables that change are written to new places, the
 * header is turned to the new L1 table and the new size in one write to one sector, and only then is given back what
 * the old tables alone referred to. Where the disk grows, what the change adds behind its present end cannot be seen
 * before the header turns: there tables that nobody else uses are changed where they lie. So a power loss leaves the
 * disk as it was or as it becomes, and leaked clusters at worst. For one thread.
 */
final class NewMapping {
    /** An L2 table that the new mapping does without, and the first of its entries that it did not take over. */
    private record Retired(long hostOffset, int fromIndex) {}

    /** An L2 table that stays where it is, with its new bytes. */
    private record Rewritten(long hostOffset, ByteBuffer bytes) {}

    private final ExclusiveFile image;
    private final Header header;
    private final L2Content table;
    private final Geometry geometry;
    private final long[] old;
    private final long[] entries;
    private final List<Allocation> taken = new ArrayList<>();
    private final List<Retired> retired = new ArrayList<>();
    private final boolean growing;
    private @Nullable Rewritten rewritten;
    private boolean changed;

    /**
     * Begins with the entries of the present mapping, as far as the new one reaches.
     *
     * @param newSize guest bytes
     */
    NewMapping(ExclusiveFile image, long newSize) throws IOException {
        this.image = image;
        this.header = image.header();
        this.growing = newSize > header.size();
        this.table = new L2Content(image.file(), header);
        this.geometry = table.geometry();
        this.old = L1Entries.read(image.file(), header.l1TableOffset(), header.l1Size());
        this.entries = new long[(int) Header.l1EntriesNeeded(newSize, header.clusterBits(), header.extendedL2())];
        int kept = Math.min(entries.length, old.length);
        System.arraycopy(old, 0, entries, 0, kept);
        this.changed = entries.length > old.length;
        for (int i = kept; i < old.length; i++) {
            retire(i, 0);
        }
    }

    /** The L2 table at hand: {@link #take} fills it. */
    L2Content table() {
        return table;
    }

    /** Whether an L1 entry has a table. */
    boolean has(int l1Index) {
        return entries[l1Index] != 0;
    }

    /**
     * Reads an L2 table and empties it from an entry on.
     *
     * @return whether it held anything there
     */
    boolean take(int l1Index, int fromIndex) throws IOException {
        long place = table.tableOffset(entries[l1Index], l1Index);
        if (place == 0) {
            table.clear();
            return false;
        }
        table.read(place);
        return table.clearFrom(fromIndex);
    }

    /** Makes the table at hand the present one, which {@link #take} said was empty from the entry on that changed. */
    void extend(int l1Index, int fromIndex) throws IOException {
        long place = table.tableOffset(entries[l1Index], l1Index);
        if (growing && rewritten == null && place != 0 && image.allocator().refcount(place) == 1) {
            rewritten = new Rewritten(place, table.copy());
        } else {
            replace(l1Index, fromIndex);
        }
    }

    /**
     * Puts the table at hand in the place of the present one.
     *
     * @param fromIndex its first entry that is not the present table's
     */
    void replace(int l1Index, int fromIndex) throws IOException {
        Allocation place = allocate(1);
        table.write(place.hostOffset());
        retire(l1Index, fromIndex);
        entries[l1Index] = place.hostOffset() | EntryCodec.COPIED;
        changed = true;
    }

    /** Leaves out a table with all that it refers to. */
    void drop(int l1Index) throws IOException {
        retire(l1Index, 0);
        entries[l1Index] = 0;
    }

    /** Takes host clusters for the new mapping, up to so many in a row. */
    Allocation allocate(int wanted) throws IOException {
        Allocation place = image.allocator().allocate(wanted);
        taken.add(place);
        return place;
    }

    private void retire(int l1Index, int fromIndex) throws IOException {
        long place = l1Index < old.length ? table.tableOffset(old[l1Index], l1Index) : 0;
        if (place != 0) {
            retired.add(new Retired(place, fromIndex));
            changed = true;
        }
    }

    /** Turns the header to the new mapping and size; both are durable on return. */
    void commit(long newSize) throws IOException {
        long place = header.l1TableOffset();
        if (movesL1()) {
            place = placeL1();
        } else {
            image.commitRefcounts();
        }
        // From here on the file may be turned, even where this fails.
        taken.clear();
        writeInPlace();
        int length = movesL1() ? entries.length : old.length;
        long l1Offset = place;
        image.changeHeader(sector -> sector.putLong(HeaderFields.SIZE, newSize)
                .putInt(HeaderFields.L1_SIZE, length)
                .putLong(HeaderFields.L1_TABLE_OFFSET, l1Offset));
    }

    /** Writes the L1 table to a new place, with the refcounts of all that was taken. */
    private long placeL1() throws IOException {
        try {
            long place = 0;
            if (entries.length > 0) {
                Allocation l1 = image.allocator().allocateRun((int) l1Clusters(entries.length));
                taken.add(l1);
                place = l1.hostOffset();
                L1Entries.write(image.file(), place, entries, geometry.clusterSize());
            }
            image.commitRefcounts();
            return place;
        } catch (IOException failure) {
            throw growing ? ImageException.wrap(failure).prefixed("Failed to grow the L1 table: ") : failure;
        }
    }

    /** Whether the L1 table is another one than before. */
    private boolean movesL1() {
        return changed && !(growing && entries.length == old.length);
    }

    private void writeInPlace() throws IOException {
        boolean l1 = changed && !movesL1();
        if (rewritten != null) {
            image.file().write(rewritten.bytes, rewritten.hostOffset);
        }
        if (l1) {
            L1Entries.write(image.file(), header.l1TableOffset(), entries, geometry.clusterSize());
        }
        if (rewritten != null || l1) {
            image.barrier();
        }
    }

    /**
     * Gives back what only the old mapping used, to the host, too, where the disk became smaller; after
     * {@link #commit}.
     */
    void releaseOld() throws IOException {
        Released released = new Released(image, !growing);
        for (Retired each : retired) {
            table.read(each.hostOffset);
            table.references(each.fromIndex, released);
            image.allocator().release(each.hostOffset, 1);
        }
        if (movesL1() && old.length > 0 && header.l1TableOffset() != 0) {
            image.allocator().release(header.l1TableOffset(), l1Clusters(old.length));
        }
        image.commitRefcounts();
    }

    /** Takes back what was allocated, where the change failed before the header was turned. */
    void abandon() throws IOException {
        for (Allocation each : taken) {
            image.allocator().release(each.hostOffset(), each.clusters());
        }
        taken.clear();
        image.commitRefcounts();
    }

    private long l1Clusters(long length) {
        return geometry.clusters(length * Long.BYTES);
    }
}
