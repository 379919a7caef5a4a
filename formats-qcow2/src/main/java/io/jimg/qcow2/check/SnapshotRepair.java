package io.jimg.qcow2.check;

import io.jimg.ImageException;
import io.jimg.qcow2.header.Header;
import io.jimg.qcow2.header.HeaderLimits;
import io.jimg.qcow2.header.SnapshotTable;
import io.jimg.validate.Place;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * The snapshot table as a repair leaves it: what is beyond QEMU's limits goes, what version 3 wants is added,
 * everything else stays, unknown extra data included (specification: "Snapshots"). Reads only; the table is written
 * once refcounts can be relied upon.
 */
final class SnapshotRepair {
    private static final int COMPLETE_EXTRA = 24;
    private static final int VM_STATE_SIZE = 32;
    private static final long NO_ICOUNT = -1;

    private final Header header;
    private final MetadataReader reader;
    private final Findings findings;
    private final List<ByteBuffer> kept = new ArrayList<>();
    private long countedLength;
    private int length;
    private boolean changed;
    private boolean shorter;

    private SnapshotRepair(Header header, MetadataReader reader, Findings findings) {
        this.header = header;
        this.reader = reader;
        this.findings = findings;
    }

    /** Reads the table and decides. */
    static SnapshotRepair read(Header header, MetadataReader reader, Findings findings) throws IOException {
        SnapshotRepair repair = new SnapshotRepair(header, reader, findings);
        SnapshotScan.requireOffset(header, reader);
        if (header.snapshotCount() != 0) {
            repair.cut();
            repair.complete();
        }
        return repair;
    }

    /** Whether entries became other ones, so that the table must be written anew. */
    boolean changed() {
        return changed;
    }

    /** Whether entries at the end go. */
    boolean shorter() {
        return shorter;
    }

    /** Entries that are left. */
    int count() {
        return kept.size();
    }

    /** Bytes of the new table. */
    int length() {
        return length;
    }

    /** The new table. */
    ByteBuffer bytes() {
        ByteBuffer table = ByteBuffer.allocate(length);
        kept.forEach(entry -> table.put(entry.duplicate()));
        return table.flip();
    }

    /** What the rest of the repair sees of it: the entries that are left, at their old place. */
    SnapshotScan scan() throws ImageException {
        if (kept.isEmpty()) {
            return new SnapshotScan(SnapshotTable.EMPTY, 0);
        }
        Header shortened = header.withSnapshots(header.snapshotsOffset(), kept.size());
        return new SnapshotScan(SnapshotTable.parse(bytes(), shortened, reader.name()), countedLength);
    }

    private void cut() throws IOException {
        long count = Integer.toUnsignedLong(header.snapshotCount());
        if (count > HeaderLimits.MAX_SNAPSHOTS) {
            long overhanging = count - HeaderLimits.MAX_SNAPSHOTS;
            discard(overhanging, "Discarding " + overhanging + " overhanging snapshots");
            shorter = true;
            count = HeaderLimits.MAX_SNAPSHOTS;
        }
        long hostOffset = header.snapshotsOffset();
        for (int index = 0; index < count; index++) {
            StoredSnapshot stored = StoredSnapshot.at(reader, hostOffset);
            int extraLength = (int) Math.min(stored.extraLength(), SnapshotTable.MAX_EXTRA_DATA);
            if (extraLength < stored.extraLength()) {
                discard(
                        1,
                        "Discarding too much extra metadata in snapshot table entry " + index + " ("
                                + stored.extraLength() + " > " + SnapshotTable.MAX_EXTRA_DATA + ")");
                changed = true;
            }
            ByteBuffer entry =
                    stored.withExtra(reader, reader.read(hostOffset + StoredSnapshot.FIXED_LENGTH, extraLength));
            if (length + entry.remaining() > SnapshotTable.MAX_LENGTH) {
                long overhanging = count - index;
                discard(
                        overhanging,
                        "Discarding " + overhanging + " overhanging snapshots (snapshot table is too big)");
                shorter = true;
                break;
            }
            countedLength = hostOffset - header.snapshotsOffset() + stored.length();
            length += entry.remaining();
            kept.add(entry);
            hostOffset = stored.next();
        }
    }

    private void complete() throws IOException {
        length = 0;
        for (int index = 0; index < kept.size(); index++) {
            int number = index;
            StoredSnapshot stored = new StoredSnapshot(0, kept.get(index));
            if (SnapshotScan.incomplete(header, stored.extraLength())) {
                findings.corruptionFixed(
                        1,
                        Place.host(header.snapshotsOffset()),
                        () -> "Repairing snapshot table entry " + number + " is incomplete");
                changed = true;
                kept.set(index, completed(kept.get(index), (int) stored.extraLength()));
            }
            length += kept.get(index).remaining();
        }
    }

    private ByteBuffer completed(ByteBuffer entry, int extraLength) {
        long vmStateSize = extraLength >= Long.BYTES
                ? entry.getLong(StoredSnapshot.FIXED_LENGTH)
                : Integer.toUnsignedLong(entry.getInt(VM_STATE_SIZE));
        StoredSnapshot stored = new StoredSnapshot(0, entry);
        ByteBuffer bytes =
                ByteBuffer.allocate(StoredSnapshot.FIXED_LENGTH + COMPLETE_EXTRA + stored.namesLength() + 7 & -8);
        bytes.put(entry.slice(0, StoredSnapshot.FIXED_LENGTH));
        bytes.putInt(StoredSnapshot.EXTRA_LENGTH, COMPLETE_EXTRA);
        bytes.putLong(vmStateSize).putLong(header.size()).putLong(NO_ICOUNT);
        bytes.put(entry.slice(StoredSnapshot.FIXED_LENGTH + extraLength, stored.namesLength()));
        return bytes.clear();
    }

    private void discard(long times, String sentence) {
        findings.note(() -> sentence);
        findings.countFixed(times, 0);
    }
}
