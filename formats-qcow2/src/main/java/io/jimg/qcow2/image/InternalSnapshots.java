package io.jimg.qcow2.image;

import io.jimg.DiskImage;
import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.capability.Snapshots;
import io.jimg.qcow2.header.Header;
import io.jimg.qcow2.header.HeaderLimits;
import io.jimg.qcow2.header.SnapshotEntry;
import io.jimg.storage.Storage;
import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The image's internal snapshots, read anew at each call. */
final class InternalSnapshots implements Snapshots {

    /** Makes an image of a snapshot's L1 table. */
    @FunctionalInterface
    interface Opener {
        /** Opens. */
        DiskImage open(SnapshotEntry entry) throws IOException;
    }

    private final Storage file;
    private final Header header;
    private final Opener opener;

    InternalSnapshots(Storage file, Header header, Opener opener) {
        this.file = file;
        this.header = header;
        this.opener = opener;
    }

    @Override
    public List<Snapshot> list() throws IOException {
        return entries().stream().map(SnapshotEntry::view).toList();
    }

    @Override
    public DiskImage open(String idOrName) throws IOException {
        SnapshotEntry entry = find(entries(), idOrName);
        if (entry == null) {
            throw new ImageException(
                    ErrorKind.NOT_FOUND, "Can't find snapshot", file.name(), ImageException.NO_OFFSET, null);
        }
        if (entry.l1Size() * Long.BYTES > HeaderLimits.MAX_L1_BYTES) {
            throw new ImageException(
                    ErrorKind.LIMIT, "Snapshot L1 table too large", file.name(), ImageException.NO_OFFSET, null);
        }
        if ((entry.l1TableOffset() & (header.clusterSize() - 1)) != 0 || entry.l1TableOffset() < 0) {
            throw new ImageException(
                    ErrorKind.CORRUPT, "Snapshot L1 table offset invalid", file.name(), ImageException.NO_OFFSET, null);
        }
        return opener.open(entry);
    }

    private List<SnapshotEntry> entries() throws IOException {
        return SnapshotReader.read(file, header).entries();
    }

    private static @Nullable SnapshotEntry find(List<SnapshotEntry> entries, String idOrName) {
        for (SnapshotEntry entry : entries) {
            if (entry.id().equals(idOrName)) {
                return entry;
            }
        }
        for (SnapshotEntry entry : entries) {
            if (entry.name().equals(idOrName)) {
                return entry;
            }
        }
        return null;
    }
}
