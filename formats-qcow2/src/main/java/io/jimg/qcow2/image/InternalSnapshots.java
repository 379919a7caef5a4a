package io.jimg.qcow2.image;

import io.jimg.DiskImage;
import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.capability.Snapshots;
import io.jimg.qcow2.change.MetadataChange;
import io.jimg.qcow2.header.SnapshotEntry;
import io.jimg.qcow2.snapshot.SnapshotApplication;
import io.jimg.qcow2.snapshot.SnapshotCreation;
import io.jimg.qcow2.snapshot.SnapshotDeletion;
import io.jimg.qcow2.snapshot.SnapshotL1;
import io.jimg.qcow2.snapshot.SnapshotReader;
import java.io.IOException;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** The image's internal snapshots, read anew at each call. */
final class InternalSnapshots implements Snapshots {

    private final Qcow2Image image;
    /** How many images of a snapshot are open, by its id. */
    private final Map<String, Integer> open = new ConcurrentHashMap<>();

    InternalSnapshots(Qcow2Image image) {
        this.image = image;
    }

    @Override
    public List<Snapshot> list() throws IOException {
        return image.use(
                loaded -> entries(loaded).stream().map(SnapshotEntry::view).toList());
    }

    @Override
    public DiskImage open(String idOrName) throws IOException {
        return image.use(loaded -> {
            SnapshotEntry entry = SnapshotReader.find(entries(loaded), idOrName);
            if (entry == null) {
                throw new ImageException(
                        ErrorKind.NOT_FOUND, "Can't find snapshot", image.name(), ImageException.NO_OFFSET, null);
            }
            SnapshotL1.check(entry, image.clusterSize(), image.name());
            DiskImage opened = new Qcow2Loader(image.foundation(), loaded.header())
                    .openSnapshot(
                            entry,
                            () -> open.computeIfPresent(entry.id(), (id, count) -> count == 1 ? null : count - 1));
            open.merge(entry.id(), 1, Integer::sum);
            return opened;
        });
    }

    private List<SnapshotEntry> entries(Loaded loaded) throws IOException {
        return SnapshotReader.read(image.foundation().files().file(), loaded.header())
                .entries();
    }

    @Override
    public Snapshot create(String name, Instant when) throws IOException {
        return change("Could not create snapshot '" + name + "': ", new SnapshotCreation(name, when));
    }

    @Override
    public Snapshot apply(String idOrName) throws IOException {
        if (image.header().bitmaps() != null) {
            // What changes with the snapshot would have to be found out and recorded; QEMU does not either.
            throw new ImageException(
                    ErrorKind.UNSUPPORTED,
                    "Could not apply snapshot '" + idOrName + "': Device has active dirty bitmaps",
                    image.name(),
                    ImageException.NO_OFFSET,
                    null);
        }
        return change(
                "Could not apply snapshot '" + idOrName + "': Failed to load snapshot: ",
                new SnapshotApplication(idOrName));
    }

    @Override
    public Snapshot delete(String idOrName) throws IOException {
        String name = image.use(loaded -> {
            SnapshotEntry entry = SnapshotReader.find(entries(loaded), idOrName);
            return entry == null ? idOrName : entry.name();
        });
        return change(
                "Could not delete snapshot '" + name + "': ", new SnapshotDeletion(idOrName, this::requireClosed));
    }

    private void requireClosed(SnapshotEntry entry) throws ImageException {
        if (open.containsKey(entry.id())) {
            throw new ImageException(
                    ErrorKind.LOCKED, "the snapshot is open as an image", image.name(), ImageException.NO_OFFSET, null);
        }
    }

    private Snapshot change(String failed, MetadataChange<Snapshot> change) throws IOException {
        try {
            return image.exclusively(change);
        } catch (IOException failure) {
            throw ImageException.wrap(failure).prefixed(failed);
        }
    }
}
