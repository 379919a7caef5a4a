package io.jimg.qcow2.tree;

import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.qcow2.header.HeaderLimits;
import io.jimg.storage.Storage;
import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * Reads and writes the entries of a whole L1 table, the active one's or a snapshot's (specification: "L1 table entry").
 */
public final class L1Entries {
    private L1Entries() {}

    /**
     * Reads a table.
     *
     * @param hostOffset where it lies; what lies past the file's end is zero
     * @param entries how many entries it has
     * @throws ImageException {@link ErrorKind#LIMIT} where it is larger than any may be
     */
    public static long[] read(Storage file, long hostOffset, long entries) throws IOException {
        if (entries > HeaderLimits.MAX_L1_BYTES / Long.BYTES) {
            throw new ImageException(ErrorKind.LIMIT, "L1 table is too large", file.name(), hostOffset, null);
        }
        long[] values = new long[(int) entries];
        if (values.length > 0) {
            ByteBuffer bytes = ByteBuffer.allocate(values.length * Long.BYTES);
            file.read(bytes, hostOffset);
            bytes.flip().asLongBuffer().get(values);
        }
        return values;
    }

    /**
     * Writes a table, and zeroes up to the end of its last cluster.
     *
     * @param clusterSize bytes of a cluster
     */
    public static void write(Storage file, long hostOffset, long[] entries, int clusterSize) throws IOException {
        long length = (long) entries.length * Long.BYTES;
        ByteBuffer bytes = ByteBuffer.allocate((int) ((length + clusterSize - 1) & -clusterSize));
        bytes.asLongBuffer().put(entries);
        file.write(bytes, hostOffset);
    }
}
