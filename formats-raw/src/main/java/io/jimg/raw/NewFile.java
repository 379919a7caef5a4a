package io.jimg.raw;

import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.spi.AlignedBuffers;
import io.jimg.spi.CreateRequest;
import io.jimg.spi.FileSpace;
import io.jimg.storage.FileCreation;
import io.jimg.storage.Preallocation;
import io.jimg.storage.Storage;
import java.io.IOException;

/** Makes an empty file as long as its disk. */
final class NewFile {
    private static final int FIRST_BLOCK = 4096;

    /** The largest number of bytes that can be told, in whole sectors. */
    private static final long LARGEST = Long.MAX_VALUE - (RawFormat.SECTOR - 1);

    private NewFile() {}

    /** Sets the length and reserves what was asked for. */
    static void prepare(Storage file, CreateRequest request) throws IOException {
        if (request.size() > LARGEST) {
            throw new ImageException(ErrorKind.LIMIT, "Could not resize file: Invalid argument");
        }
        long size = roundedSize(request.size());
        if (!file.growsWithZeroes()) {
            if (file.size() < size) {
                throw new ImageException(
                        ErrorKind.NO_SPACE, "Cannot grow " + file.kind(), file.name(), ImageException.NO_OFFSET, null);
            }
            return;
        }
        Preallocation mode = mode(request);
        if (mode == Preallocation.OFF) {
            allocateFirstBlock(file, size);
        } else {
            FileSpace.take(file, 0, size, mode, FileSpace.Watcher.NONE);
        }
        file.truncate(size);
    }

    /** Whether space is asked for beforehand. */
    static boolean reserves(CreateRequest request) {
        return mode(request) != Preallocation.OFF;
    }

    private static Preallocation mode(CreateRequest request) {
        Preallocation mode = request.options().get(FileCreation.PREALLOCATION);
        return mode == null ? Preallocation.OFF : mode;
    }

    /**
     * A file that is one hole tells nobody what alignment direct requests to it need: QEMU allocates its first block
     * for that reason.
     */
    private static void allocateFirstBlock(Storage file, long size) throws IOException {
        int length = (int) Math.min(FIRST_BLOCK, size);
        if (length > 0 && length % file.limits().requestAlignment() == 0) {
            file.write(AlignedBuffers.allocate(length, file.limits().bufferAlignment()), 0);
        }
    }

    /** A number of bytes in whole sectors. */
    static long roundedSize(long size) throws ImageException {
        if (size > LARGEST) {
            throw new ImageException(ErrorKind.LIMIT, "A disk of " + size + " bytes is too large");
        }
        return (size + RawFormat.SECTOR - 1) & -RawFormat.SECTOR;
    }
}
