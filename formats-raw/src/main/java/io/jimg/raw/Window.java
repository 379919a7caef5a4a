package io.jimg.raw;

import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.storage.Storage;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * The part of a file that is a disk.
 *
 * @param start first byte in the file
 * @param size bytes, a multiple of 512; the last ones may lie past the file's end
 */
record Window(long start, long size) {

    /** The window that the options {@code offset} and {@code size} ask for. */
    static Window of(Storage file, long offset, @Nullable Long size) throws IOException {
        long length = NewFile.roundedSize(file.size());
        if (offset > length) {
            throw refusal(
                    "Offset (" + offset + ") cannot be greater than size of the containing file (" + length + ")");
        }
        int alignment = file.limits().requestAlignment();
        if (offset % alignment != 0) {
            throw refusal("Offset (" + offset + ") must be a multiple of " + alignment
                    + " where the host's cache is passed by");
        }
        if (size == null) {
            return new Window(offset, NewFile.roundedSize(length - offset));
        }
        if (size > length - offset) {
            // The two spaces are QEMU's.
            throw refusal("The sum of offset (" + offset + ") and size (" + size
                    + ") has to be smaller or equal to the  actual size of the containing file (" + length + ")");
        }
        if (size % RawFormat.SECTOR != 0) {
            throw refusal("Specified size is not multiple of " + RawFormat.SECTOR);
        }
        return new Window(offset, size);
    }

    private static ImageException refusal(String sentence) {
        return new ImageException(ErrorKind.BAD_OPTION, sentence);
    }
}
