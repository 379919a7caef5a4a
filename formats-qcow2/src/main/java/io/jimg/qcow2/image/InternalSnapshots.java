package io.jimg.qcow2.image;

import io.jimg.DiskImage;
import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.capability.Snapshots;
import io.jimg.qcow2.header.HeaderLimits;
import io.jimg.qcow2.header.SnapshotEntry;
import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The image's internal snapshots, read anew at each call. */
final class InternalSnapshots implements Snapshots {

    private final Qcow2Image image;

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
            SnapshotEntry entry = find(entries(loaded), idOrName);
            if (entry == null) {
                throw fail(ErrorKind.NOT_FOUND, "Can't find snapshot");
            }
            if (entry.l1Size() * Long.BYTES > HeaderLimits.MAX_L1_BYTES) {
                throw fail(ErrorKind.LIMIT, "Snapshot L1 table too large");
            }
            if ((entry.l1TableOffset() & (image.clusterSize() - 1)) != 0 || entry.l1TableOffset() < 0) {
                throw fail(ErrorKind.CORRUPT, "Snapshot L1 table offset invalid");
            }
            return new Qcow2Loader(image.foundation(), loaded.header()).openSnapshot(entry);
        });
    }

    private List<SnapshotEntry> entries(Loaded loaded) throws IOException {
        return SnapshotReader.read(image.foundation().files().file(), loaded.header())
                .entries();
    }

    private ImageException fail(ErrorKind kind, String sentence) {
        return new ImageException(kind, sentence, image.name(), ImageException.NO_OFFSET, null);
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
