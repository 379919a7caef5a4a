package io.jimg.qcow2.header;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** Bytes of the header that are kept as they are. Immutable. */
public final class HeaderBytes {
    /** No byte. */
    public static final HeaderBytes EMPTY = new HeaderBytes(new byte[0]);

    private final byte[] bytes;

    private HeaderBytes(byte[] bytes) {
        this.bytes = bytes;
    }

    /** A copy of bytes. */
    public static HeaderBytes of(byte[] bytes) {
        return new HeaderBytes(bytes.clone());
    }

    /** The bytes of a text in UTF-8. */
    public static HeaderBytes ofText(String text) {
        return new HeaderBytes(text.getBytes(StandardCharsets.UTF_8));
    }

    /** How many. */
    public int length() {
        return bytes.length;
    }

    /** The bytes as text, what is not UTF-8 replaced. */
    public String text() {
        return new String(bytes, StandardCharsets.UTF_8);
    }

    /** Puts the bytes into a buffer. */
    void putInto(ByteBuffer destination) {
        destination.put(bytes);
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof HeaderBytes that && Arrays.equals(that.bytes, bytes);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(bytes);
    }

    @Override
    public String toString() {
        return text();
    }
}
