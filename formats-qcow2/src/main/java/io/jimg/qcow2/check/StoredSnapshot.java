package io.jimg.qcow2.check;

import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * An entry of the snapshot table as it lies in the file (specification: "Snapshots").
 *
 * @param hostOffset where it lies
 * @param fixed the bytes in front of extra data, id and name
 */
record StoredSnapshot(long hostOffset, ByteBuffer fixed) {
    /** Bytes in front of the extra data. */
    static final int FIXED_LENGTH = 40;

    private static final int ID_LENGTH = 12;
    private static final int NAME_LENGTH = 14;
    /** Where the length of the extra data stands. */
    static final int EXTRA_LENGTH = 36;

    /** Reads the fixed part; what lies past the file's end is zero. */
    static StoredSnapshot at(MetadataReader reader, long hostOffset) throws IOException {
        return new StoredSnapshot(hostOffset, reader.read(hostOffset, FIXED_LENGTH));
    }

    /** Bytes of extra data. */
    long extraLength() {
        return Integer.toUnsignedLong(fixed.getInt(EXTRA_LENGTH));
    }

    /** Bytes of id and name together. */
    int namesLength() {
        return (fixed.getShort(ID_LENGTH) & 0xFFFF) + (fixed.getShort(NAME_LENGTH) & 0xFFFF);
    }

    /** All its bytes, without padding. */
    long length() {
        return FIXED_LENGTH + extraLength() + namesLength();
    }

    /** Where the next entry lies. */
    long next() {
        return hostOffset + (length() + 7 & -8L);
    }

    /**
     * The entry with other extra data.
     *
     * @return padded, ready to be written
     */
    ByteBuffer withExtra(MetadataReader reader, ByteBuffer extra) throws IOException {
        int length = FIXED_LENGTH + extra.remaining() + namesLength();
        ByteBuffer bytes = ByteBuffer.allocate(length + 7 & -8);
        bytes.put(fixed.duplicate().clear());
        bytes.putInt(EXTRA_LENGTH, extra.remaining());
        bytes.put(extra);
        bytes.put(reader.read(hostOffset + FIXED_LENGTH + extraLength(), namesLength()));
        return bytes.clear();
    }
}
