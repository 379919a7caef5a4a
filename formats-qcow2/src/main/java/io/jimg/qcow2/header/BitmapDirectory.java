package io.jimg.qcow2.header;

import io.jimg.ErrorKind;
import io.jimg.ImageException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * The bitmap directory: bytes to entries, without input or output (specification: "Bitmap directory").
 *
 * @param entries in the order of the directory
 */
public record BitmapDirectory(List<Entry> entries) {
    private static final int FIXED_ENTRY_LENGTH = 24;
    private static final int MAX_NAME_LENGTH = 1023;
    private static final int MIN_GRANULARITY_BITS = 9;
    private static final int MAX_GRANULARITY_BITS = 31;
    private static final int TYPE_DIRTY_TRACKING = 1;
    private static final int KNOWN_FLAGS = Entry.IN_USE | Entry.AUTO;

    /** Bytes of one bitmap's data, at most; it is QEMU's limit. */
    private static final long MAX_DATA_BYTES = 512L << 20;

    /**
     * An entry that obeys QEMU's constraints.
     *
     * @param tableOffset host offset of the bitmap table, a multiple of the cluster size
     * @param tableSize entries in that table
     * @param flags as stored
     * @param granularityBits log2 of the guest bytes that a bit stands for
     * @param name unique among bitmaps
     */
    public record Entry(long tableOffset, int tableSize, int flags, int granularityBits, String name) {
        static final int IN_USE = 1;
        static final int AUTO = 2;

        /** Whether the bitmap was not saved, and may be out of date. */
        public boolean inUse() {
            return (flags & IN_USE) != 0;
        }

        /** Whether the bitmap tracks every write. */
        public boolean auto() {
            return (flags & AUTO) != 0;
        }
    }

    /** No bitmap. */
    public static final BitmapDirectory EMPTY = new BitmapDirectory(List.of());

    /** Copies the list. */
    public BitmapDirectory {
        entries = List.copyOf(entries);
    }

    /**
     * Reads a directory.
     *
     * @param bytes the directory, {@link BitmapsExtension#directorySize()} bytes or as many as the file has
     * @param header whose directory it is
     * @param resource the file's name, for the exception
     * @throws ImageException {@link ErrorKind#CORRUPT}, with QEMU's sentence
     */
    public static BitmapDirectory parse(ByteBuffer bytes, Header header, String resource) throws ImageException {
        BitmapsExtension extension = header.bitmaps();
        if (extension == null) {
            return EMPTY;
        }
        ByteBuffer directory = bytes.duplicate().slice().order(ByteOrder.BIG_ENDIAN);
        if (extension.directorySize() == 0) {
            throw corrupt("Requested bitmap directory size is zero", resource);
        }
        List<Entry> entries = new ArrayList<>();
        while (directory.hasRemaining()) {
            if (entries.size() == extension.count()) {
                throw corrupt("More bitmaps found than specified in header extension", resource);
            }
            entries.add(entry(directory, header, resource));
        }
        if (entries.size() != extension.count()) {
            throw corrupt("Less bitmaps found than specified in header extension", resource);
        }
        return new BitmapDirectory(entries);
    }

    private static Entry entry(ByteBuffer directory, Header header, String resource) throws ImageException {
        int start = directory.position();
        if (directory.remaining() < FIXED_ENTRY_LENGTH) {
            throw corrupt("Broken bitmap directory", resource);
        }
        long tableOffset = directory.getLong();
        long tableSize = Integer.toUnsignedLong(directory.getInt());
        int flags = directory.getInt();
        int type = directory.get();
        int granularityBits = directory.get() & 0xFF;
        int nameLength = Short.toUnsignedInt(directory.getShort());
        if (directory.getInt() != 0) {
            throw corrupt("Bitmap extra data is not supported", resource);
        }
        int length = HeaderExtension.padded(FIXED_ENTRY_LENGTH + nameLength);
        if (length > directory.limit() - start) {
            throw corrupt("Broken bitmap directory", resource);
        }
        byte[] name = new byte[nameLength];
        directory.get(name);
        directory.position(start + length);
        String text = new String(name, StandardCharsets.UTF_8);
        long dataBytes = tableSize << header.clusterBits();
        boolean sound = nameLength > 0
                && nameLength <= MAX_NAME_LENGTH
                && tableSize > 0
                && dataBytes <= MAX_DATA_BYTES
                && tableOffset != 0
                && (tableOffset & (header.clusterSize() - 1)) == 0
                && granularityBits >= MIN_GRANULARITY_BITS
                && granularityBits <= MAX_GRANULARITY_BITS
                && (flags & ~KNOWN_FLAGS) == 0
                && type == TYPE_DIRTY_TRACKING
                && ((flags & Entry.IN_USE) != 0 || bits(header.size(), granularityBits) <= dataBytes * Byte.SIZE);
        if (!sound) {
            throw corrupt("Bitmap '" + text + "' doesn't satisfy the constraints", resource);
        }
        return new Entry(tableOffset, (int) tableSize, flags, granularityBits, text);
    }

    /** Bits that a bitmap of so many guest bytes has. */
    private static long bits(long size, int granularityBits) {
        return (size + (1L << granularityBits) - 1) >>> granularityBits;
    }

    private static ImageException corrupt(String message, String resource) {
        return new ImageException(ErrorKind.CORRUPT, message, resource, ImageException.NO_OFFSET, null);
    }
}
