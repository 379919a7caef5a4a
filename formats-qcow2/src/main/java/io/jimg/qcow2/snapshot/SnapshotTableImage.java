package io.jimg.qcow2.snapshot;

import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.qcow2.allocation.Allocation;
import io.jimg.qcow2.change.ExclusiveFile;
import io.jimg.qcow2.header.Header;
import io.jimg.qcow2.header.HeaderFields;
import io.jimg.qcow2.header.HeaderLimits;
import io.jimg.qcow2.header.SnapshotEntry;
import io.jimg.qcow2.header.SnapshotTable;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * The snapshot table of an image, and the next one: entries are carried over byte by byte, with whatever extra data
 * they have. A table is written to a new place; then the header is turned to it. For one thread.
 */
final class SnapshotTableImage {
    private static final int ENTRY_ALIGNMENT = 8;
    private static final int FIXED_LENGTH = 40;
    /** Size of the machine's state, of the disk, and the instruction counter. */
    private static final int EXTRA_LENGTH = 24;

    private final ExclusiveFile image;
    private final Header header;
    private final SnapshotTable present;
    private final byte[] presentBytes;

    SnapshotTableImage(ExclusiveFile image) throws IOException {
        this.image = image;
        this.header = image.header();
        this.present = SnapshotReader.read(image.file(), header);
        this.presentBytes = new byte[present.length()];
        SnapshotReader.bytes(image.file(), header.snapshotsOffset(), presentBytes.length)
                .get(presentBytes);
    }

    SnapshotTable present() {
        return present;
    }

    /** The present entries with one more at the end, or one less. */
    byte[] with(@Nullable SnapshotEntry added, @Nullable SnapshotEntry removed) throws ImageException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        for (SnapshotEntry entry : present.entries()) {
            if (entry != removed) {
                bytes.write(presentBytes, entry.tableOffset(), entry.storedLength());
            }
        }
        if (added != null) {
            bytes.writeBytes(encode(added));
            if (present.entries().size() >= HeaderLimits.MAX_SNAPSHOTS || bytes.size() > SnapshotTable.MAX_LENGTH) {
                throw new ImageException(
                        ErrorKind.LIMIT, "File too large", image.file().name(), ImageException.NO_OFFSET, null);
            }
        }
        return bytes.toByteArray();
    }

    private static byte[] encode(SnapshotEntry entry) {
        byte[] id = entry.id().getBytes(StandardCharsets.UTF_8);
        byte[] name = entry.name().getBytes(StandardCharsets.UTF_8);
        int length = FIXED_LENGTH + EXTRA_LENGTH + id.length + name.length;
        ByteBuffer bytes = ByteBuffer.allocate((length + ENTRY_ALIGNMENT - 1) & -ENTRY_ALIGNMENT);
        bytes.putLong(entry.l1TableOffset()).putInt((int) entry.l1Size());
        bytes.putShort((short) id.length).putShort((short) name.length);
        bytes.putInt((int) entry.seconds()).putInt(entry.nanoseconds()).putLong(entry.vmClockNanoseconds());
        bytes.putInt((int) entry.vmStateSize()).putInt(EXTRA_LENGTH);
        bytes.putLong(entry.vmStateSize()).putLong(entry.diskSize()).putLong(entry.icount());
        bytes.put(id).put(name);
        return bytes.array();
    }

    /** Takes room for a table; null for an empty one. */
    @Nullable
    Allocation allocate(int length) throws IOException {
        return length == 0 ? null : image.allocator().allocateRun(clusters(length));
    }

    /** Writes a table to its place, with zeroes up to the end of its last cluster. */
    void write(byte[] bytes, @Nullable Allocation place) throws IOException {
        if (place != null) {
            ByteBuffer whole = ByteBuffer.allocate(place.clusters() << header.clusterBits());
            image.file().write(whole.put(bytes).clear(), place.hostOffset());
        }
    }

    /** Turns the header to another table, which is durable; durable on return. */
    void turn(@Nullable Allocation place, int count) throws IOException {
        image.changeHeader(sector -> sector.putInt(HeaderFields.SNAPSHOT_COUNT, count)
                .putLong(HeaderFields.SNAPSHOTS_OFFSET, place == null ? 0 : place.hostOffset()));
    }

    /**
     * Gives back the clusters of the present table, once the header has turned from it. What was asked for is done by
     * then: a failure leaves a leak, and is told aside.
     */
    void releasePresent() {
        if (present.length() == 0) {
            return;
        }
        try {
            image.allocator().release(header.snapshotsOffset(), clusters(present.length()));
        } catch (IOException failure) {
            image.notices().remark("qcow2_free_clusters failed: " + failure.getMessage());
        }
    }

    private int clusters(int length) {
        return (length + header.clusterSize() - 1) >>> header.clusterBits();
    }
}
