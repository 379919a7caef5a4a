package io.jimg.qcow2.snapshot;

import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.capability.Snapshots.Snapshot;
import io.jimg.qcow2.allocation.Allocation;
import io.jimg.qcow2.change.ExclusiveFile;
import io.jimg.qcow2.change.MetadataChange;
import io.jimg.qcow2.header.Header;
import io.jimg.qcow2.header.SnapshotEntry;
import io.jimg.qcow2.tree.CopiedFlags;
import io.jimg.qcow2.tree.L1Entries;
import io.jimg.qcow2.tree.TreeReferences;
import java.io.IOException;

/**
 * Deletes a snapshot. The order: the image is marked dirty; the header turns to a snapshot table without it, from where
 * on its references count too much; they are lowered, barrier; where a cluster is the disk's alone now, the COPIED
 * flags are set; the mark goes.
 */
public final class SnapshotDeletion implements MetadataChange<Snapshot> {
    private final String idOrName;
    private final Permission permission;

    /** Says whether a snapshot may go. */
    @FunctionalInterface
    public interface Permission {
        /** Throws where it may not. */
        void require(SnapshotEntry entry) throws ImageException;
    }

    /** Of the snapshot with an id, or else of the first with a name. */
    public SnapshotDeletion(String idOrName, Permission permission) {
        this.idOrName = idOrName;
        this.permission = permission;
    }

    @Override
    public Snapshot apply(ExclusiveFile image) throws IOException {
        Header header = image.header();
        SnapshotTableImage tables = new SnapshotTableImage(image);
        SnapshotEntry entry = SnapshotReader.find(tables.present().entries(), idOrName);
        if (entry == null) {
            throw new ImageException(
                    ErrorKind.NOT_FOUND, "snapshot not found", image.file().name(), ImageException.NO_OFFSET, null);
        }
        permission.require(entry);
        long[] l1 = SnapshotL1.read(image, entry);
        byte[] table = tables.with(null, entry);
        Allocation place = tables.allocate(table.length);
        tables.write(table, place);
        DirtyMark.set(image);
        image.commitRefcounts();
        tables.turn(place, header.snapshotCount() - 1);

        tables.releasePresent();
        try {
            new TreeReferences(image).lower(l1);
            SnapshotL1.release(image, entry);
            image.commitRefcounts();
        } catch (IOException failure) {
            throw ImageException.wrap(failure).prefixed("Failed to free the cluster and L1 table: ");
        }
        long[] active = L1Entries.read(image.file(), header.l1TableOffset(), header.l1Size());
        new CopiedFlags(image).set(header.l1TableOffset(), active);
        DirtyMark.remove(image);
        return entry.view();
    }
}
