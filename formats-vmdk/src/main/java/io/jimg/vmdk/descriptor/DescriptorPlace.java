package io.jimg.vmdk.descriptor;

import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.storage.Storage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;

/**
 * Where a descriptor stands: alone in a file, or embedded in a sparse extent with some room.
 *
 * @param file the file, the caller's
 * @param offset its first byte
 * @param room bytes that it may take; {@link #UNBOUNDED} in a file of its own
 */
public record DescriptorPlace(Storage file, long offset, long room) {

    /** The room of a descriptor in a file of its own. */
    public static final long UNBOUNDED = Long.MAX_VALUE;

    /**
     * Reads the bytes.
     *
     * @throws ImageException {@link ErrorKind#LIMIT} for one longer than {@link Descriptor#LONGEST}
     */
    public byte[] read() throws IOException {
        long length = Math.min(room, file.size() - offset);
        if (length > Descriptor.LONGEST) {
            if (room == UNBOUNDED) {
                throw new ImageException(
                        ErrorKind.LIMIT,
                        "A descriptor of " + length + " bytes is longer than " + Descriptor.LONGEST,
                        file.name(),
                        offset,
                        null);
            }
            length = Descriptor.LONGEST;
        }
        byte[] bytes = new byte[(int) Math.max(0, length)];
        file.read(ByteBuffer.wrap(bytes), offset);
        return bytes;
    }

    /**
     * Replaces the text. Only bytes that differ are written, so that a change of an identifier alone stays within its
     * sector.
     *
     * @throws ImageException {@link ErrorKind#LIMIT} where there is no room
     */
    public void replace(DescriptorText after) throws IOException {
        byte[] old = text(read());
        byte[] bytes = after.bytes();
        if (bytes.length > room) {
            throw new ImageException(
                    ErrorKind.LIMIT,
                    "The descriptor has room for " + room + " bytes, but would take " + bytes.length,
                    file.name(),
                    offset,
                    null);
        }
        boolean shorter = bytes.length < old.length;
        byte[] padded = shorter && room != UNBOUNDED ? Arrays.copyOf(bytes, old.length) : bytes;
        int first = Arrays.mismatch(old, padded);
        if (first < 0) {
            return;
        }
        int end = padded.length;
        if (old.length == padded.length) {
            while (end > first && old[end - 1] == padded[end - 1]) {
                end--;
            }
        }
        if (end > first) {
            file.write(ByteBuffer.wrap(padded, first, end - first).slice(), offset + first);
        }
        if (shorter && room == UNBOUNDED) {
            file.truncate(bytes.length);
        }
    }

    private static byte[] text(byte[] bytes) {
        int end = 0;
        while (end < bytes.length && bytes[end] != 0) {
            end++;
        }
        return Arrays.copyOf(bytes, end);
    }
}
