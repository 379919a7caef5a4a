package io.jimg.qcow2.snapshot;

import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.capability.Snapshots.Snapshot;
import io.jimg.qcow2.allocation.Allocation;
import io.jimg.qcow2.change.ExclusiveFile;
import io.jimg.qcow2.change.MetadataChange;
import io.jimg.qcow2.header.Header;
import io.jimg.qcow2.header.SnapshotEntry;
import io.jimg.qcow2.header.SnapshotTable;
import io.jimg.qcow2.tree.CopiedFlags;
import io.jimg.qcow2.tree.L1Entries;
import io.jimg.qcow2.tree.TreeReferences;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * Makes a snapshot of the disk (specification: "Snapshots"). The order: nothing changes before it is known that every
 * refcount can be raised, and before both tables have got their room on the host, which may be full; the image is
 * marked dirty; the COPIED flags are cleared, barrier; the snapshot's L1 table as it is now and the raised refcounts
 * are written, barrier; the header turns to the new snapshot table; the old one is freed; the mark goes. So the
 * snapshot is there or is not; before the turn there are too high refcounts and missing flags at worst.
 */
public final class SnapshotCreation implements MetadataChange<Snapshot> {
    private static final int MAXIMUM_NAME = 255;

    private final String name;
    private final Instant when;

    /**
     * A snapshot.
     *
     * @param name may be empty, and another snapshot's
     * @param when the time that it tells
     */
    public SnapshotCreation(String name, Instant when) {
        this.name = name;
        this.when = when;
    }

    @Override
    public Snapshot apply(ExclusiveFile image) throws IOException {
        Header header = image.header();
        refuse(header, image.file().name());
        SnapshotTableImage tables = new SnapshotTableImage(image);
        // All of it: what lies behind the disk is the state of a machine, which belongs to the snapshot as well.
        long[] l1 = L1Entries.read(image.file(), header.l1TableOffset(), header.l1Size());
        TreeReferences references = new TreeReferences(image);
        references.requireRoom(l1);

        Allocation l1Place = allocateL1(image, l1.length);
        Allocation place = null;
        byte[] table;
        SnapshotEntry entry = entry(header, tables.present(), l1Place == null ? 0 : l1Place.hostOffset(), l1.length);
        try {
            table = tables.with(entry, null);
            place = tables.allocate(table.length);
            tables.write(table, place);
            if (l1Place != null) {
                L1Entries.write(image.file(), l1Place.hostOffset(), l1, header.clusterSize());
            }
        } catch (IOException failure) {
            release(image, l1Place);
            throw failure;
        }
        DirtyMark.set(image);
        new CopiedFlags(image).clear(l1);
        if (l1Place != null) {
            L1Entries.write(image.file(), header.l1TableOffset(), l1, header.clusterSize());
        }
        image.barrier();
        if (l1Place != null) {
            L1Entries.write(image.file(), l1Place.hostOffset(), l1, header.clusterSize());
        }
        references.raise(l1);
        image.commitRefcounts();
        tables.turn(place, header.snapshotCount() + 1);
        tables.releasePresent();
        image.commitRefcounts();
        DirtyMark.remove(image);
        return entry.view();
    }

    private void refuse(Header header, String resource) throws ImageException {
        if (header.hasDataFile()) {
            throw new ImageException(
                    ErrorKind.UNSUPPORTED, "Operation not supported", resource, ImageException.NO_OFFSET, null);
        }
        if (name.getBytes(StandardCharsets.UTF_8).length > MAXIMUM_NAME) {
            throw new ImageException(
                    ErrorKind.BAD_OPTION,
                    "A snapshot's name must not be longer than " + MAXIMUM_NAME + " bytes",
                    resource,
                    ImageException.NO_OFFSET,
                    null);
        }
    }

    private static @Nullable Allocation allocateL1(ExclusiveFile image, int entries) throws IOException {
        int clusterBits = image.header().clusterBits();
        int clusters = (entries * Long.BYTES + image.header().clusterSize() - 1) >>> clusterBits;
        return clusters == 0 ? null : image.allocator().allocateRun(clusters);
    }

    private static void release(ExclusiveFile image, @Nullable Allocation place) throws IOException {
        if (place != null) {
            image.allocator().release(place.hostOffset(), place.clusters());
        }
    }

    private SnapshotEntry entry(Header header, SnapshotTable present, long l1Offset, int entries) {
        // An instruction counter of 0 is what qemu-img writes.
        return new SnapshotEntry(
                l1Offset,
                entries,
                newId(present),
                name,
                when.getEpochSecond() & 0xffff_ffffL,
                when.getNano(),
                0,
                0,
                header.size(),
                0,
                0,
                0,
                0);
    }

    /** One more than the largest id that is a number. */
    private static String newId(SnapshotTable present) {
        long largest = 0;
        for (SnapshotEntry entry : present.entries()) {
            largest = Math.max(largest, number(entry.id()));
        }
        return Long.toString(largest + 1);
    }

    /** The digits that a text begins with; 0 where it has none, or more than any id that was given out. */
    private static long number(String id) {
        int end = 0;
        while (end < id.length() && id.charAt(end) >= '0' && id.charAt(end) <= '9') {
            end++;
        }
        return end == 0 || end > 18 ? 0 : Long.parseLong(id.substring(0, end));
    }
}
