package io.jimg.vmdk.inspect;

import io.jimg.storage.Storage;
import io.jimg.validate.Inspection;
import io.jimg.validate.Place;
import io.jimg.validate.Rule;
import io.jimg.vmdk.sparse.SparseHeader;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * The end of a stream ("Virtual Disk Format 1.1", Stream-Optimized Compressed Sparse Extents): a footer marker, the
 * footer, the end-of-stream marker. Programs that cannot seek believe the header, others the footer, so both must say
 * the same disk.
 */
record FooterInspection(Storage file, Inspection inspection) {
    private static final int SECTOR = 512;
    private static final int MARKER_END = 0;
    private static final int MARKER_FOOTER = 3;
    private static final int MARKER_SIZE_FIELD = 8;
    private static final int MARKER_TYPE_FIELD = 12;
    private static final int MARKER_LENGTH = 16;

    void inspect(SparseHeader header) throws IOException {
        long size = file.size();
        long start = size - 3 * SECTOR;
        if (start < SECTOR) {
            inspection.found(Rule.TRUNCATED, Place.host(size), "The stream ends before its footer");
            return;
        }
        ByteBuffer end = ByteBuffer.allocate(3 * SECTOR).order(ByteOrder.LITTLE_ENDIAN);
        file.read(end, start);
        end.flip();
        ByteBuffer bytes = end.slice(SECTOR, SECTOR);
        if (!SparseHeader.looksLikeOne(bytes)) {
            inspection.found(
                    Rule.TRUNCATED,
                    Place.host(start + SECTOR),
                    "The stream has no footer: it was cut off, or extended");
            return;
        }
        marker("footer", end, 0, MARKER_FOOTER, start);
        marker("end-of-stream", end, 2 * SECTOR, MARKER_END, start);
        compare(header, bytes.order(ByteOrder.LITTLE_ENDIAN), Place.host(start + SECTOR));
    }

    private void marker(String what, ByteBuffer end, int at, int type, long start) {
        boolean sound = end.getInt(at + MARKER_SIZE_FIELD) == 0 && end.getInt(at + MARKER_TYPE_FIELD) == type;
        if (type == MARKER_END) {
            sound &= end.getLong(at) == 0;
        }
        for (int i = MARKER_LENGTH; i < SECTOR; i++) {
            sound &= end.get(at + i) == 0;
        }
        if (!sound) {
            inspection.found(Rule.FOOTER, Place.host(start + at), "The " + what + " marker is invalid");
        }
    }

    private void compare(SparseHeader header, ByteBuffer footer, Place place) {
        differs("version", header.version(), footer.getInt(4), place);
        differs("flags", header.flags(), footer.getInt(8), place);
        differs("capacity", header.capacity(), footer.getLong(12), place);
        differs("grain size", header.grainSectors(), footer.getLong(20), place);
        differs("place of the descriptor", header.descriptorOffset(), footer.getLong(28), place);
        differs("size of the descriptor", header.descriptorSectors(), footer.getLong(36), place);
        differs("size of a grain table", header.tableEntries(), footer.getInt(44), place);
        differs("compression", header.compression(), footer.getShort(77) & 0xFFFF, place);
        if (footer.getLong(56) == SparseHeader.DIRECTORY_AT_END) {
            inspection.found(Rule.FOOTER, place, "The footer says that there is another footer");
        }
    }

    private void differs(String what, long header, long footer, Place place) {
        if (header != footer) {
            inspection.found(
                    Rule.FOOTER,
                    place,
                    "The " + what + " is " + Long.toUnsignedString(header) + " in the header and "
                            + Long.toUnsignedString(footer) + " in the footer");
        }
    }
}
