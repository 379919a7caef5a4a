package io.jimg.ops;

import io.jimg.capability.Snapshots.Snapshot;
import io.jimg.spi.Doc;
import io.jimg.storage.Storage;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What {@link Info} tells of one node: an image, or a storage that an image stands on. Sizes are bytes.
 *
 * @param filename name as the user gave it, or as the image above names it
 * @param format name of the format's driver, or of the protocol's for a storage
 * @param virtualSize the guest's size; for a storage its length, rounded up to a multiple of 512
 * @param actualSize bytes occupied on the host; {@link Storage#UNKNOWN_SIZE} where nobody can tell
 * @param clusterSize the unit of allocation; 0 where there is none
 * @param encrypted whether guest data is encrypted
 * @param dirty whether it was not closed properly
 * @param snapshots internal snapshots in the image's order
 * @param formatSpecific the format's own part; null where there is none
 * @param backingFilename the backing file's name as the image holds it; null for none
 * @param fullBackingFilename the backing file's name resolved; null for none or where it cannot be resolved
 * @param backingFormat the backing file's format as the image holds it; null where it does not say
 * @param children the storages under an image, in order
 */
public record ImageInfo(
        String filename,
        String format,
        long virtualSize,
        long actualSize,
        int clusterSize,
        boolean encrypted,
        boolean dirty,
        List<Snapshot> snapshots,
        @Nullable Doc formatSpecific,
        @Nullable String backingFilename,
        @Nullable String fullBackingFilename,
        @Nullable String backingFormat,
        List<Child> children) {

    private static final long NANOSECONDS = 1_000_000_000L;

    /**
     * One child.
     *
     * @param name its name in the tree of nodes, such as {@code file}
     * @param info what it is
     */
    public record Child(String name, ImageInfo info) {}

    /** Copies the lists. */
    public ImageInfo {
        snapshots = List.copyOf(snapshots);
        children = List.copyOf(children);
    }

    /** The members of {@code qemu-img info --output=json}, each with QEMU's name. */
    public Doc doc() {
        Doc doc = Doc.create();
        doc.put(
                "children",
                Doc.list(
                        children,
                        child -> Doc.create()
                                .put("name", child.name())
                                .put("info", child.info().doc())));
        if (!snapshots.isEmpty()) {
            doc.put("snapshots", Doc.list(snapshots, ImageInfo::snapshotDoc));
        }
        doc.putIfPresent("backing-filename-format", backingFormat);
        doc.put("virtual-size", virtualSize);
        doc.put("filename", filename);
        if (clusterSize != 0) {
            doc.put("cluster-size", clusterSize);
        }
        doc.put("format", format);
        if (actualSize != Storage.UNKNOWN_SIZE) {
            doc.put("actual-size", actualSize);
        }
        if (formatSpecific != null) {
            doc.put("format-specific", Doc.create().put("type", format).put("data", formatSpecific));
        }
        if (encrypted) {
            doc.put("encrypted", true);
        }
        doc.putIfPresent("full-backing-filename", fullBackingFilename);
        doc.putIfPresent("backing-filename", backingFilename);
        if (actualSize != Storage.UNKNOWN_SIZE || clusterSize != 0) {
            // An image without metadata of its own says what its storage says, which here is nothing.
            doc.put("dirty-flag", dirty);
        }
        return doc;
    }

    private static Doc snapshotDoc(Snapshot snapshot) {
        Doc doc = Doc.create();
        if (snapshot.icount() >= 0) {
            doc.put("icount", snapshot.icount());
        }
        return doc.put("vm-clock-nsec", snapshot.vmClockNanoseconds() % NANOSECONDS)
                .put("name", snapshot.name())
                .put("date-sec", snapshot.seconds())
                .put("date-nsec", snapshot.nanoseconds())
                .put("vm-clock-sec", snapshot.vmClockNanoseconds() / NANOSECONDS)
                .put("id", snapshot.id())
                .put("vm-state-size", snapshot.vmStateSize());
    }
}
