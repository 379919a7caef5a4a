package io.jimg.qcow2.header;

import io.jimg.ErrorKind;
import io.jimg.ImageException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * The bitmap directory: bytes to entries and back, without input or output (specification: "Bitmap directory").
 *
 * @param entries in the order of the directory
 */
public record BitmapDirectory(List<Entry> entries) {
    /** Bytes of the longest name; it is QEMU's limit. */
    public static final int MAX_NAME_LENGTH = 1023;

    /** Smallest binary logarithm of a granularity; it is QEMU's limit. */
    public static final int MIN_GRANULARITY_BITS = 9;

    /** Largest binary logarithm of a granularity; it is QEMU's limit. */
    public static final int MAX_GRANULARITY_BITS = 31;

    /** Bytes of one bitmap's data, at most; it is QEMU's limit. */
    public static final long MAX_DATA_BYTES = 512L << 20;

    private static final int FIXED_ENTRY_LENGTH = 24;
    private static final int TYPE_DIRTY_TRACKING = 1;

    /**
     * An entry that obeys QEMU's constraints.
     *
     * @param tableOffset host offset of the bitmap table, a multiple of the cluster size
     * @param tableSize entries in that table
     * @param inUse whether the bitmap was not saved, and may be out of date
     * @param auto whether the bitmap tracks every write
     * @param granularityBits log2 of the guest bytes that a bit stands for
     * @param nameBytes unique among bitmaps, as stored
     */
    public record Entry(
            long tableOffset, int tableSize, boolean inUse, boolean auto, int granularityBits, HeaderBytes nameBytes) {
        private static final int IN_USE = 1;
        private static final int AUTO = 2;
        private static final int KNOWN_FLAGS = IN_USE | AUTO;

        /** The name as text. */
        public String name() {
            return nameBytes.text();
        }

        /** With another table of as many entries. */
        public Entry withTable(long hostOffset) {
            return new Entry(hostOffset, tableSize, inUse, auto, granularityBits, nameBytes);
        }

        /** Marked as being in use, or not. */
        public Entry withInUse(boolean mark) {
            return new Entry(tableOffset, tableSize, mark, auto, granularityBits, nameBytes);
        }

        /** Tracking every write, or not. */
        public Entry withAuto(boolean mark) {
            return new Entry(tableOffset, tableSize, inUse, mark, granularityBits, nameBytes);
        }

        private int flags() {
            return (inUse ? IN_USE : 0) | (auto ? AUTO : 0);
        }

        /** Bytes in the directory. */
        private int storedLength() {
            return HeaderExtension.padded(FIXED_ENTRY_LENGTH + nameBytes.length());
        }

        private void putInto(ByteBuffer directory) {
            int start = directory.position();
            directory.putLong(tableOffset).putInt(tableSize).putInt(flags());
            directory.put((byte) TYPE_DIRTY_TRACKING).put((byte) granularityBits);
            directory.putShort((short) nameBytes.length()).putInt(0);
            nameBytes.putInto(directory);
            directory.position(start + storedLength());
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
        Set<String> names = new HashSet<>();
        while (directory.hasRemaining()) {
            if (entries.size() == extension.count()) {
                throw corrupt("More bitmaps found than specified in header extension", resource);
            }
            Entry entry = entry(directory, header, resource);
            if (!names.add(entry.name())) {
                throw corrupt("Bitmap already exists: " + entry.name(), resource);
            }
            entries.add(entry);
        }
        if (entries.size() != extension.count()) {
            throw corrupt("Less bitmaps found than specified in header extension", resource);
        }
        return new BitmapDirectory(entries);
    }

    /** Bytes of the directory. */
    public long length() {
        long length = 0;
        for (Entry entry : entries) {
            length += entry.storedLength();
        }
        return length;
    }

    /**
     * The directory as it is stored: {@link #length()} bytes, of which {@link HeaderLimits} allow as many as an array
     * has.
     */
    public ByteBuffer write() {
        ByteBuffer bytes = ByteBuffer.allocate(Math.toIntExact(length()));
        for (Entry entry : entries) {
            entry.putInto(bytes);
        }
        return bytes.flip();
    }

    /** Index of the first entry of a name; -1 for none. */
    public int find(String name) {
        for (int i = 0; i < entries.size(); i++) {
            if (entries.get(i).name().equals(name)) {
                return i;
            }
        }
        return -1;
    }

    /** With another entry at an index. */
    public BitmapDirectory with(int index, Entry entry) {
        List<Entry> changed = new ArrayList<>(entries);
        changed.set(index, entry);
        return new BitmapDirectory(changed);
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
                && (flags & ~Entry.KNOWN_FLAGS) == 0
                && type == TYPE_DIRTY_TRACKING
                && ((flags & Entry.IN_USE) != 0 || bits(header.size(), granularityBits) <= dataBytes * Byte.SIZE);
        if (!sound) {
            throw corrupt("Bitmap '" + text + "' doesn't satisfy the constraints", resource);
        }
        return new Entry(
                tableOffset,
                (int) tableSize,
                (flags & Entry.IN_USE) != 0,
                (flags & Entry.AUTO) != 0,
                granularityBits,
                HeaderBytes.of(name));
    }

    /** Bits that a bitmap of so many guest bytes has. */
    public static long bits(long size, int granularityBits) {
        return (size + (1L << granularityBits) - 1) >>> granularityBits;
    }

    private static ImageException corrupt(String message, String resource) {
        return new ImageException(ErrorKind.CORRUPT, message, resource, ImageException.NO_OFFSET, null);
    }
}
