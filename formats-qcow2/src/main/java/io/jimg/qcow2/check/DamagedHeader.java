package io.jimg.qcow2.check;

import io.jimg.qcow2.header.Header;
import io.jimg.qcow2.header.HeaderFields;
import io.jimg.qcow2.header.HeaderParser;
import io.jimg.storage.Storage;
import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * The header of an image that is to be repaired: read with what a repair puts right, and changed in place, in one
 * sector that no power loss tears.
 */
final class DamagedHeader {
    private static final int SECTOR = 512;

    /** Changes one sector. */
    @FunctionalInterface
    interface Change {
        /** Changes the header's first sector, whose fields lie where {@link HeaderFields} says. */
        void apply(ByteBuffer sector);
    }

    private DamagedHeader() {}

    /** Reads the header; an absent refcount table and too many snapshots are no reason to refuse it. */
    static Header read(Storage file) throws IOException {
        int clusterSize = HeaderParser.firstClusterSize(read(file, HeaderParser.PREFIX_LENGTH), file.name());
        return HeaderParser.parseDamaged(read(file, clusterSize), file.name());
    }

    /** Changes the header durably, after all that was written before is durable. */
    static void change(Storage file, Change change) throws IOException {
        file.flush();
        ByteBuffer sector = read(file, SECTOR);
        change.apply(sector);
        file.write(sector.clear(), 0);
        file.flush();
    }

    private static ByteBuffer read(Storage file, int length) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(length);
        file.read(bytes, 0);
        return bytes.clear();
    }
}
