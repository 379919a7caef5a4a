package io.jimg.spi;

import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.storage.Outcome;
import io.jimg.storage.Preallocation;
import io.jimg.storage.Storage;
import java.io.IOException;

/** Takes space of a file before anything is written there. */
public final class FileSpace {
    private FileSpace() {}

    /** Is told of what has been written, and may end it. */
    @FunctionalInterface
    public interface Watcher {
        /** Watches nothing. */
        Watcher NONE = done -> {};

        /**
         * Before each piece.
         *
         * @param done bytes that went before
         * @throws IOException to end it there
         */
        void passed(long done) throws IOException;
    }

    /**
     * Takes the space of a range that reads as zero, or lies behind the file's end; it reads as zero afterwards. Where
     * the host cannot reserve space, writing zeroes does, as it does in {@code posix_fallocate}.
     *
     * @param mode nothing is done for {@link Preallocation#OFF}
     * @param watcher told of zeroes that are written
     * @throws IOException with QEMU's sentence about what could not be done; some of the space may be taken then
     */
    public static void take(Storage file, long offset, long length, Preallocation mode, Watcher watcher)
            throws IOException {
        if (mode == Preallocation.OFF || length == 0) {
            return;
        }
        boolean full = mode == Preallocation.FULL;
        try {
            if (full || file.allocate(offset, length) == Outcome.UNSUPPORTED) {
                Zeroes.write(length, (zeroes, at) -> {
                    watcher.passed(at);
                    file.write(zeroes, offset + at);
                });
            }
        } catch (IOException failure) {
            ImageException told = ImageException.wrap(failure);
            if (told.kind() == ErrorKind.CANCELLED) {
                throw told;
            }
            throw told.prefixed(
                    full ? "Could not write zeros for preallocation: " : "Could not preallocate new data: ");
        }
    }

    /**
     * Makes a file longer and takes the space of what is added.
     *
     * @param end the new length, no less than the old one
     * @throws IOException as {@link #take}; the file has its old length then
     */
    public static void extend(Storage file, long end, Preallocation mode, Watcher watcher) throws IOException {
        long before = file.size();
        try {
            take(file, before, end - before, mode, watcher);
            file.truncate(end);
        } catch (IOException failure) {
            try {
                file.truncate(before);
            } catch (IOException second) {
                failure.addSuppressed(second);
            }
            throw failure;
        }
    }
}
