package io.jimg.qcow2.bitmaps;

import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.qcow2.header.BitmapDirectory;
import io.jimg.qcow2.header.BitmapTableEntry;
import io.jimg.qcow2.header.Header;
import io.jimg.qcow2.header.HostRange;
import io.jimg.storage.Storage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.LongBuffer;
import java.util.Arrays;

/**
 * A bitmap's table, and the way to the clusters that it points to (specification: "Bitmap table"). The entries are
 * checked; what they point to may lie past the file's end, where bits are clear.
 */
final class BitmapTable {
    private final long[] entries;
    private final int clusterSize;

    private BitmapTable(long[] entries, int clusterSize) {
        this.entries = entries;
        this.clusterSize = clusterSize;
    }

    /** A table whose bitmap is clean. */
    static BitmapTable clean(int length, int clusterSize) {
        return new BitmapTable(new long[length], clusterSize);
    }

    /**
     * Reads the table of a directory entry, whose size the directory's parser has capped at 8 MiB.
     *
     * @throws ImageException {@link ErrorKind#CORRUPT}; {@link ErrorKind#IO} where no file reaches to the table
     */
    static BitmapTable read(Storage file, Header header, BitmapDirectory.Entry entry) throws IOException {
        HostRange.require(
                "Could not read the table of bitmap '" + entry.name() + "'", entry.tableOffset(), file.name());
        long[] entries = new long[entry.tableSize()];
        long inFile = Math.max(0, file.size() - entry.tableOffset());
        ByteBuffer bytes =
                ByteBuffer.allocate((int) Math.min((long) entries.length * Long.BYTES, inFile & -Long.BYTES));
        file.read(bytes, entry.tableOffset());
        LongBuffer stored = bytes.flip().asLongBuffer();
        stored.get(entries, 0, stored.remaining());
        for (long each : entries) {
            if (!BitmapTableEntry.sound(each, header.clusterSize())) {
                throw new ImageException(
                        ErrorKind.CORRUPT,
                        "Bitmap '" + entry.name() + "' has an invalid table entry: 0x" + Long.toHexString(each),
                        file.name(),
                        ImageException.NO_OFFSET,
                        null);
            }
        }
        return new BitmapTable(entries, header.clusterSize());
    }

    /** Another one to be changed, of as many entries as wanted; those that are new are clean. */
    BitmapTable copy(int length) {
        return new BitmapTable(Arrays.copyOf(entries, length), clusterSize);
    }

    int length() {
        return entries.length;
    }

    /** Where a cluster of bits lies; 0 where all its bits are alike. */
    long hostOffset(int index) {
        return BitmapTableEntry.hostOffset(entries[index]);
    }

    /** Whether all bits of a cluster are clear, and it needs no place. */
    boolean clean(int index) {
        return entries[index] == 0;
    }

    /** Points to a cluster of bits, or by 0 to none, whose bits are all clear. */
    void point(int index, long hostOffset) {
        entries[index] = hostOffset;
    }

    /** Reads a cluster of bits. */
    void load(Storage file, int index, byte[] bits) throws IOException {
        long offset = hostOffset(index);
        if (offset != 0) {
            file.read(ByteBuffer.wrap(bits), offset);
        } else {
            Arrays.fill(bits, (byte) (entries[index] == BitmapTableEntry.ALL_ONES ? -1 : 0));
        }
    }

    /** The table as it is stored. */
    ByteBuffer write() {
        ByteBuffer bytes = ByteBuffer.allocate(entries.length * Long.BYTES);
        bytes.asLongBuffer().put(entries);
        return bytes;
    }
}
