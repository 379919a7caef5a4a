package io.jimg.qcow2.header;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** A header extension as it is stored: a type and bytes (specification: "Header extensions"). Immutable. */
public final class HeaderExtension {
    /** Ends the extensions. */
    public static final int END = 0;

    /** The backing file's format, a string. */
    public static final int BACKING_FORMAT = 0xE2792ACA;

    /** Names of features. */
    public static final int FEATURE_NAMES = 0x6803F857;

    /** Where the bitmap directory is. */
    public static final int BITMAPS = 0x23852875;

    /** Where the LUKS header is. */
    public static final int FULL_DISK_ENCRYPTION = 0x0537BE77;

    /** The external data file's name, a string. */
    public static final int DATA_FILE = 0x44415441;

    /** Bytes of type and length before the data. */
    static final int PREFIX = 8;

    private final int type;
    private final byte[] data;

    /**
     * An extension.
     *
     * @param data is copied
     */
    public HeaderExtension(int type, byte[] data) {
        this.type = type;
        this.data = data.clone();
    }

    /** An extension that is a string. */
    public static HeaderExtension ofText(int type, String text) {
        return new HeaderExtension(type, text.getBytes(StandardCharsets.UTF_8));
    }

    /** An extension that says where the LUKS header is. */
    public static HeaderExtension ofEncryption(EncryptionPointer pointer) {
        ByteBuffer data = ByteBuffer.allocate(2 * Long.BYTES);
        return new HeaderExtension(
                FULL_DISK_ENCRYPTION,
                data.putLong(pointer.hostOffset()).putLong(pointer.length()).array());
    }

    /** The type. */
    public int type() {
        return type;
    }

    /** The data, without padding, read-only and big-endian. */
    public ByteBuffer data() {
        return ByteBuffer.wrap(data).asReadOnlyBuffer();
    }

    /** Bytes of data. */
    public int length() {
        return data.length;
    }

    /** The data as a string. */
    public String text() {
        return new String(data, StandardCharsets.UTF_8);
    }

    /** Bytes that the extension takes in the header: prefix, data and padding to a multiple of 8. */
    int storedLength() {
        return PREFIX + padded(data.length);
    }

    /** A length rounded up to the 8 bytes that extensions are aligned to. */
    static int padded(int length) {
        return (length + 7) & ~7;
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof HeaderExtension extension
                && extension.type == type
                && Arrays.equals(extension.data, data);
    }

    @Override
    public int hashCode() {
        return 31 * type + Arrays.hashCode(data);
    }

    @Override
    public String toString() {
        return String.format("extension %08x of %d bytes", type, data.length);
    }
}
