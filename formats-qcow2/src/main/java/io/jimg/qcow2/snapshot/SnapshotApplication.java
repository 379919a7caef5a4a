package io.jimg.qcow2.snapshot;

import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.capability.Snapshots.Snapshot;
import io.jimg.qcow2.allocation.Allocation;
import io.jimg.qcow2.change.ExclusiveFile;
import io.jimg.qcow2.change.MetadataChange;
import io.jimg.qcow2.header.Header;
import io.jimg.qcow2.header.HeaderFields;
import io.jimg.qcow2.header.HeaderLimits;
import io.jimg.qcow2.header.SnapshotEntry;
import io.jimg.qcow2.tree.CopiedFlags;
import io.jimg.qcow2.tree.L1Entries;
import io.jimg.qcow2.tree.TreeReferences;
import java.io.IOException;
import java.util.Arrays;

/**
 * Makes the disk what a snapshot holds, its size included; the snapshot stays. The machine's state, if it has one,
 * comes along behind the disk. The order: nothing changes before it is known that every refcount can be raised; the
 * image is marked dirty; a new L1 table with the snapshot's entries, and refcounts raised for them, are written,
 * barrier; the header turns to the new table and the size in one write to one sector; what the old table referred to
 * counts less; the mark goes.
 */
public final class SnapshotApplication implements MetadataChange<Snapshot> {
    private final String idOrName;

    /** Of the snapshot with an id, or else of the first with a name. */
    public SnapshotApplication(String idOrName) {
        this.idOrName = idOrName;
    }

    @Override
    public Snapshot apply(ExclusiveFile image) throws IOException {
        Header header = image.header();
        if (header.hasDataFile()) {
            throw fail(image, ErrorKind.UNSUPPORTED, "Operation not supported");
        }
        SnapshotEntry entry =
                SnapshotReader.find(SnapshotReader.read(image.file(), header).entries(), idOrName);
        if (entry == null) {
            throw fail(image, ErrorKind.NOT_FOUND, "No such file or directory");
        }
        SnapshotL1.require(entry, image);
        long[] stored = SnapshotL1.read(image, entry);
        long[] l1 = Arrays.copyOf(stored, Math.max(stored.length, entries(image, header, entry)));
        TreeReferences references = new TreeReferences(image);
        references.requireRoom(l1);
        long[] old = L1Entries.read(image.file(), header.l1TableOffset(), header.l1Size());

        long place = 0;
        if (l1.length > 0) {
            Allocation taken = image.allocator().allocateRun(clusters(header, l1.length));
            place = taken.hostOffset();
            // A host without room for it says so before anything is changed.
            L1Entries.write(image.file(), place, l1, header.clusterSize());
        }
        DirtyMark.set(image);
        // They are clear already in what a snapshot shares with the disk; older tools left some behind in what it does
        // not.
        new CopiedFlags(image).clear(l1);
        image.barrier();
        if (l1.length > 0) {
            L1Entries.write(image.file(), place, l1, header.clusterSize());
        }
        references.raise(l1);
        image.commitRefcounts();
        long newOffset = place;
        image.changeHeader(sector -> sector.putLong(HeaderFields.SIZE, entry.diskSize())
                .putInt(HeaderFields.L1_SIZE, l1.length)
                .putLong(HeaderFields.L1_TABLE_OFFSET, newOffset));

        references.lower(old);
        if (old.length > 0) {
            image.allocator().release(header.l1TableOffset(), clusters(header, old.length));
        }
        image.commitRefcounts();
        DirtyMark.remove(image);
        return entry.view();
    }

    /** How many entries the disk needs that the snapshot tells of. */
    private static int entries(ExclusiveFile image, Header header, SnapshotEntry entry) throws ImageException {
        long needed = Header.l1EntriesNeeded(entry.diskSize(), header.clusterBits(), header.extendedL2());
        if (entry.diskSize() < 0 || needed > HeaderLimits.MAX_L1_BYTES / Long.BYTES) {
            throw fail(image, ErrorKind.LIMIT, "File too large");
        }
        return (int) needed;
    }

    private static int clusters(Header header, int entries) {
        return (entries * Long.BYTES + header.clusterSize() - 1) >>> header.clusterBits();
    }

    private static ImageException fail(ExclusiveFile image, ErrorKind kind, String sentence) {
        return new ImageException(kind, sentence, image.file().name(), ImageException.NO_OFFSET, null);
    }
}
