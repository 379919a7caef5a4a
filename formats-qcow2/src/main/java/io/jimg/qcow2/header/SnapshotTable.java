package io.jimg.qcow2.header;

import io.jimg.ErrorKind;
import io.jimg.ImageException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * The snapshot table: bytes to entries, without input or output (specification: "Snapshots").
 *
 * @param entries in the order of the table
 * @param length bytes that the table takes
 */
public record SnapshotTable(List<SnapshotEntry> entries, int length) {
    /** No snapshot. */
    public static final SnapshotTable EMPTY = new SnapshotTable(List.of(), 0);

    /** Bytes in an entry without extra data, id and name. */
    static final int FIXED_ENTRY_LENGTH = 40;

    /** Most bytes of extra data in an entry; it is QEMU's limit. */
    public static final int MAX_EXTRA_DATA = 1024;

    /** Most bytes in a table; it is QEMU's limit. */
    public static final int MAX_LENGTH = HeaderLimits.MAX_SNAPSHOTS * 1024;

    private static final int MAX_ENTRY_LENGTH = FIXED_ENTRY_LENGTH + MAX_EXTRA_DATA + 2 * 0xFFFF + 7;

    /** Copies the list. */
    public SnapshotTable {
        entries = List.copyOf(entries);
    }

    /**
     * The most bytes that a table of so many entries can take: what {@link #parse} wants, as far as the file reaches.
     *
     * @param count entries, from 0 to {@link HeaderLimits#MAX_SNAPSHOTS}
     */
    public static int largestLength(int count) {
        return (int) Math.min(MAX_LENGTH, (long) count * MAX_ENTRY_LENGTH);
    }

    /**
     * Reads a table.
     *
     * @param bytes the file's bytes from the table's start: {@link #largestLength} of them, or as many as the file has
     * @param header whose table it is
     * @param resource the file's name, for the exception
     * @throws ImageException {@link ErrorKind#LIMIT} or {@link ErrorKind#CORRUPT}
     */
    public static SnapshotTable parse(ByteBuffer bytes, Header header, String resource) throws ImageException {
        ByteBuffer table = bytes.duplicate().slice().order(ByteOrder.BIG_ENDIAN);
        List<SnapshotEntry> entries = new ArrayList<>();
        int at = 0;
        for (int index = 0; index < header.snapshotCount(); index++) {
            SnapshotEntry entry = entry(new Cursor(table, at, resource), index, header.size());
            entries.add(entry);
            at += entry.storedLength();
            if (at > MAX_LENGTH) {
                throw new ImageException(
                        ErrorKind.LIMIT,
                        "Snapshot table is too big\nYou can force-remove all " + (header.snapshotCount() - index)
                                + " overhanging snapshots with qemu-img check -r all",
                        resource,
                        header.snapshotsOffset() + entry.tableOffset(),
                        null);
            }
        }
        return new SnapshotTable(entries, at);
    }

    private static SnapshotEntry entry(Cursor cursor, int index, long imageSize) throws ImageException {
        int start = cursor.at;
        long l1TableOffset = cursor.number(8);
        long l1Size = cursor.number(4);
        int idLength = (int) cursor.number(2);
        int nameLength = (int) cursor.number(2);
        long seconds = cursor.number(4);
        int nanoseconds = (int) cursor.number(4);
        long vmClock = cursor.number(8);
        long vmStateSize = cursor.number(4);
        long extraLength = cursor.number(4);
        if (extraLength > MAX_EXTRA_DATA) {
            throw new ImageException(
                    ErrorKind.LIMIT,
                    "Too much extra metadata in snapshot table entry " + index + "\n"
                            + "You can force-remove this extra metadata with qemu-img check -r all",
                    cursor.resource,
                    ImageException.NO_OFFSET,
                    null);
        }
        int extraStart = cursor.at;
        if (extraLength >= 8) {
            vmStateSize = cursor.number(8);
        }
        long diskSize = extraLength >= 16 ? cursor.number(8) : imageSize;
        long icount = extraLength >= 24 ? cursor.number(8) : -1;
        cursor.at = extraStart + (int) extraLength;
        String id = cursor.text(idLength);
        String name = cursor.text(nameLength);
        int length = HeaderExtension.padded(cursor.at - start);
        return new SnapshotEntry(
                l1TableOffset,
                l1Size,
                id,
                name,
                seconds,
                nanoseconds,
                vmClock,
                vmStateSize,
                diskSize,
                icount,
                start,
                length,
                (int) extraLength);
    }

    /** Reads forwards; bytes past the buffer's end are zero, as bytes past a file's end are. */
    private static final class Cursor {
        private final ByteBuffer bytes;
        private final String resource;
        private int at;

        Cursor(ByteBuffer bytes, int at, String resource) {
            this.bytes = bytes;
            this.at = at;
            this.resource = resource;
        }

        long number(int width) {
            long value = 0;
            for (int i = 0; i < width; i++, at++) {
                value = value << 8 | (at < bytes.limit() ? bytes.get(at) & 0xFF : 0);
            }
            return value;
        }

        /** Text up to the first zero byte, as QEMU takes it. */
        String text(int length) {
            byte[] text = new byte[length];
            int inside = Math.max(0, Math.min(length, bytes.limit() - at));
            if (inside > 0) {
                bytes.get(at, text, 0, inside);
            }
            at += length;
            int end = 0;
            while (end < length && text[end] != 0) {
                end++;
            }
            return new String(text, 0, end, StandardCharsets.UTF_8);
        }
    }
}
