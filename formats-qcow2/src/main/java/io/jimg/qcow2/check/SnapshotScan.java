package io.jimg.qcow2.check;

import io.jimg.DamageException;
import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.qcow2.header.Header;
import io.jimg.qcow2.header.HeaderLimits;
import io.jimg.qcow2.header.HostRange;
import io.jimg.qcow2.header.SnapshotEntry;
import io.jimg.qcow2.header.SnapshotTable;
import io.jimg.validate.Place;
import java.io.IOException;

/**
 * The snapshot table as a check takes it (specification: "Snapshots").
 *
 * @param table the entries
 * @param countedLength bytes of the table that refer to host clusters; QEMU leaves the padding behind the last entry
 *     out
 */
record SnapshotScan(SnapshotTable table, long countedLength) {
    private static final int MINIMUM_EXTRA_DATA = 16;

    /**
     * Reads the table; what is wrong with it are the first findings.
     *
     * @throws DamageException where it cannot be read
     */
    static SnapshotScan read(Header header, MetadataReader reader, Findings findings) throws IOException {
        requireOffset(header, reader);
        if (header.snapshotCount() == 0) {
            return new SnapshotScan(SnapshotTable.EMPTY, 0);
        }
        long count = Integer.toUnsignedLong(header.snapshotCount());
        if (count > HeaderLimits.MAX_SNAPSHOTS) {
            throw failure(
                    header,
                    reader,
                    "ERROR snapshot table too large\n" + hint(count - HeaderLimits.MAX_SNAPSHOTS),
                    new ImageException(ErrorKind.LIMIT, "Snapshot table too large"));
        }
        SnapshotTable table;
        try {
            HostRange.require("Failed to read snapshot table", header.snapshotsOffset(), reader.name());
            long wanted = SnapshotTable.largestLength(header.snapshotCount());
            int length = (int) Math.max(0, Math.min(wanted, reader.fileSize() - header.snapshotsOffset()));
            table = SnapshotTable.parse(reader.read(header.snapshotsOffset(), length), header, reader.name());
        } catch (ImageException unreadable) {
            throw failure(
                    header, reader, "ERROR failed to read the snapshot table: " + unreadable.getMessage(), unreadable);
        }
        int index = 0;
        for (SnapshotEntry snapshot : table.entries()) {
            int number = index++;
            if (incomplete(header, snapshot.extraDataLength())) {
                findings.corruption(
                        1,
                        Place.host(header.snapshotsOffset() + snapshot.tableOffset()),
                        () -> "ERROR snapshot table entry " + number + " is incomplete");
            }
        }
        SnapshotEntry last = table.entries().get(table.entries().size() - 1);
        return new SnapshotScan(
                table,
                last.tableOffset()
                        + StoredSnapshot.at(reader, header.snapshotsOffset() + last.tableOffset())
                                .length());
    }

    /** Throws where no table can begin. */
    static void requireOffset(Header header, MetadataReader reader) throws DamageException {
        if (header.snapshotsOffset() < 0 || (header.snapshotsOffset() & (header.clusterSize() - 1)) != 0) {
            throw failure(
                    header,
                    reader,
                    "ERROR snapshot table offset invalid",
                    new ImageException(ErrorKind.BAD_OPTION, "Snapshot table offset invalid"));
        }
    }

    /** Whether an entry lacks what one of version 3 must have. */
    static boolean incomplete(Header header, long extraDataLength) {
        return header.version() >= 3 && extraDataLength < MINIMUM_EXTRA_DATA;
    }

    private static String hint(long overhanging) {
        return "You can force-remove all " + overhanging + " overhanging snapshots with qemu-img check -r all";
    }

    private static DamageException failure(
            Header header, MetadataReader reader, String sentence, ImageException cause) {
        return new DamageException(sentence, reader.name(), header.snapshotsOffset(), cause);
    }
}
