package io.jimg.all.faults;

import io.jimg.DiskImage;
import io.jimg.all.faults.Operation.Subject;
import io.jimg.capability.BackingLink;
import io.jimg.capability.Bitmaps;
import io.jimg.capability.Snapshots;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * What an image shows.
 *
 * @param disk the guest's bytes
 * @param snapshots each with its name and a digest of its content
 * @param bitmaps each with its name and state
 * @param backing the name of the backing file
 */
record FileState(byte[] disk, List<String> snapshots, List<String> bitmaps, Optional<String> backing) {

    static FileState of(Scene scene, Subject subject) throws IOException {
        try (DiskImage image = scene.images().open(subject.name(), Scene.how(subject.format(), subject.options()))) {
            return of(image);
        }
    }

    private static FileState of(DiskImage image) throws IOException {
        Snapshots kept = image.capability(Snapshots.class).orElse(null);
        Stream.Builder<String> snapshots = Stream.builder();
        if (kept != null) {
            for (Snapshots.Snapshot each : kept.list()) {
                try (DiskImage snapshot = kept.open(each.id())) {
                    snapshots.add(each + ": " + Arrays.hashCode(read(snapshot)));
                }
            }
        }
        Bitmaps bitmaps = image.capability(Bitmaps.class).orElse(null);
        return new FileState(
                read(image),
                snapshots.build().toList(),
                bitmaps == null
                        ? List.of()
                        : bitmaps.list().stream().map(Object::toString).toList(),
                image.capability(BackingLink.class).map(BackingLink::backingName));
    }

    private static byte[] read(DiskImage image) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(Math.toIntExact(image.size()));
        image.read(bytes, 0);
        return bytes.array();
    }

    /** Whether nothing differs but bitmaps, which whoever fails to store them leaves inconsistent. */
    boolean same(FileState other) {
        return Arrays.equals(disk, other.disk) && snapshots.equals(other.snapshots) && backing.equals(other.backing);
    }

    boolean sameSize(FileState other) {
        return disk.length == other.disk.length;
    }

    /** Whether each byte is as in one of the two. */
    boolean between(FileState before, FileState after) {
        for (int i = 0; i < disk.length; i++) {
            if (!before.has(i, disk[i]) && !after.has(i, disk[i])) {
                return false;
            }
        }
        return disk.length >= Math.min(before.disk.length, after.disk.length)
                && disk.length <= Math.max(before.disk.length, after.disk.length);
    }

    private boolean has(int at, byte value) {
        return value == (at < disk.length ? disk[at] : 0);
    }

    /** Whether bitmaps are as in one of the two, or not to be trusted. */
    boolean bitmapsOf(FileState before, FileState after) {
        return bitmaps.equals(before.bitmaps)
                || bitmaps.equals(after.bitmaps)
                || bitmaps.stream().anyMatch(bitmap -> bitmap.contains("inconsistent=true"));
    }

    @Override
    public String toString() {
        return disk.length + " bytes of hash " + Arrays.hashCode(disk) + ", " + snapshots + ", " + bitmaps + ", "
                + backing;
    }
}
