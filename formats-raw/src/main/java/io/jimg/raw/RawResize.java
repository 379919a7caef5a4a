package io.jimg.raw;

import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.Job;
import io.jimg.capability.Resizable.Preallocation;
import io.jimg.spi.Zeroes;
import io.jimg.storage.NullProtocol;
import io.jimg.storage.Outcome;
import io.jimg.storage.Storage;
import java.io.IOException;

/** Gives a raw image's file another length. A failure leaves it as it was. */
final class RawResize extends Job<Long> {
    private final RawImage image;
    private final long newSize;
    private final Preallocation preallocation;
    private final boolean shrink;

    RawResize(RawImage image, long newSize, Preallocation preallocation, boolean shrink) {
        this.image = image;
        this.newSize = newSize;
        this.preallocation = preallocation;
        this.shrink = shrink;
    }

    @Override
    protected Long execute() throws IOException {
        return image.resize(this::apply);
    }

    /**
     * Resizes, with no request under way.
     *
     * @param fixedSize whether the disk is a part of the file whose length was stated
     * @return the disk's new size: whole sectors
     */
    private long apply(Storage file, Window window, boolean fixedSize) throws IOException {
        long oldSize = image.size();
        if (image.readOnly()) {
            throw fail(ErrorKind.READ_ONLY, "The device is open for reading only");
        }
        if (newSize < oldSize && !shrink) {
            throw fail(ErrorKind.BAD_OPTION, "The image would become smaller, which was not allowed");
        }
        if (newSize < 0 || newSize > Long.MAX_VALUE - RawFormat.SECTOR - window.start()) {
            throw fail(
                    ErrorKind.LIMIT,
                    "Required too big image size, it must be not greater than "
                            + (Long.MAX_VALUE - RawFormat.SECTOR - window.start()));
        }
        if (fixedSize) {
            throw fail(ErrorKind.UNSUPPORTED, "Cannot resize fixed-size raw disks");
        }
        long end = window.start() + newSize;
        if (!file.growsWithZeroes()) {
            resizeDevice(file, end);
        } else if (preallocation == Preallocation.METADATA) {
            throw fail(ErrorKind.UNSUPPORTED, "Unsupported preallocation mode: metadata");
        } else if (preallocation == Preallocation.OFF) {
            file.truncate(end);
        } else {
            reserve(file, end);
        }
        return NewFile.roundedSize(newSize);
    }

    /** The length of a device is what it is. */
    private void resizeDevice(Storage file, long end) throws IOException {
        if (file.protocol().equals(NullProtocol.NAME)) {
            throw fail(ErrorKind.UNSUPPORTED, "Image format driver does not support resize");
        }
        if (preallocation != Preallocation.OFF) {
            throw fail(
                    ErrorKind.UNSUPPORTED,
                    "Preallocation mode '" + preallocation.text() + "' unsupported for this non-regular file");
        }
        if (end != file.size()) {
            throw fail(ErrorKind.UNSUPPORTED, "Cannot resize " + file.kind());
        }
    }

    private void reserve(Storage file, long end) throws IOException {
        long before = file.size();
        if (end <= before) {
            throw fail(
                    ErrorKind.BAD_OPTION,
                    preallocation == Preallocation.FULL
                            ? "Full preallocation can't be used for shrinking"
                            : "Preallocation can't be used for shrinking an image");
        }
        String failed = preallocation == Preallocation.FULL
                ? "Could not write zeros for preallocation: "
                : "Could not preallocate new data: ";
        try {
            if (preallocation == Preallocation.FULL || file.allocate(before, end - before) == Outcome.UNSUPPORTED) {
                Zeroes.write(end - before, (zeroes, at) -> {
                    checkCancelled();
                    progress(at, end - before);
                    file.write(zeroes, before + at);
                });
            }
        } catch (IOException failure) {
            cutBack(file, before, failure);
            if (cancelled()) {
                throw failure;
            }
            throw ImageException.wrap(failure).prefixed(failed);
        }
        file.truncate(end);
    }

    private static void cutBack(Storage file, long length, IOException failure) {
        try {
            file.truncate(length);
        } catch (IOException second) {
            failure.addSuppressed(second);
        }
    }

    private ImageException fail(ErrorKind kind, String sentence) {
        return new ImageException(kind, sentence, image.name(), ImageException.NO_OFFSET, null);
    }
}
