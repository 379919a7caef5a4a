package io.jimg.qcow2.snapshot;

import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.qcow2.header.Header;
import io.jimg.qcow2.header.HeaderLimits;
import io.jimg.qcow2.header.HostRange;
import io.jimg.qcow2.header.SnapshotEntry;
import io.jimg.qcow2.header.SnapshotTable;
import io.jimg.storage.Storage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Reads the snapshot table. */
public final class SnapshotReader {
    /** Holds nearly every table; the most that one can take would be 129 KiB for each of its entries. */
    private static final int USUAL_LENGTH = 64 << 10;

    private SnapshotReader() {}

    /** The table; bytes past the file's end are zero. */
    public static SnapshotTable read(Storage file, Header header) throws IOException {
        if (header.snapshotCount() == 0) {
            return SnapshotTable.EMPTY;
        }
        if (Integer.toUnsignedLong(header.snapshotCount()) > HeaderLimits.MAX_SNAPSHOTS) {
            throw new ImageException(
                    ErrorKind.LIMIT, "Snapshot table too large", file.name(), header.snapshotsOffset(), null);
        }
        HostRange.require("Failed to read snapshot table", header.snapshotsOffset(), file.name());
        long inFile = Math.max(0, file.size() - header.snapshotsOffset());
        int longest = (int) Math.min(SnapshotTable.largestLength(header.snapshotCount()), inFile);
        int usual = Math.min(USUAL_LENGTH, longest);
        SnapshotTable table = parse(file, header, usual);
        return table.length() <= usual ? table : parse(file, header, longest);
    }

    private static SnapshotTable parse(Storage file, Header header, int length) throws IOException {
        return SnapshotTable.parse(bytes(file, header.snapshotsOffset(), length), header, file.name());
    }

    /** The bytes of a table as they are. */
    static ByteBuffer bytes(Storage file, long hostOffset, int length) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(length);
        file.read(bytes, hostOffset);
        return bytes.flip();
    }

    /** The entry with an id, or else the first with a name; null where there is none. */
    public static @Nullable SnapshotEntry find(List<SnapshotEntry> entries, String idOrName) {
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
