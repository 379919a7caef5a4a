package io.jimg.raw;

import io.jimg.ErrorKind;
import io.jimg.capability.Resizable.Preallocation;
import io.jimg.spi.ResizeJob;
import io.jimg.storage.NullProtocol;
import io.jimg.storage.Storage;
import java.io.IOException;

/** Gives a raw image's file another length. A failure leaves it as it was. */
final class RawResize extends ResizeJob {
    private final RawImage image;

    RawResize(RawImage image, long newSize, Preallocation preallocation, boolean shrink) {
        super(image.name(), newSize, preallocation, shrink);
        this.image = image;
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
            throw refusal(ErrorKind.READ_ONLY, "The device is open for reading only");
        }
        refuseLoss(oldSize);
        if (newSize < 0 || newSize > Long.MAX_VALUE - RawFormat.SECTOR - window.start()) {
            throw refusal(
                    ErrorKind.LIMIT,
                    "Required too big image size, it must be not greater than "
                            + (Long.MAX_VALUE - RawFormat.SECTOR - window.start()));
        }
        if (fixedSize) {
            throw refusal(ErrorKind.UNSUPPORTED, "Cannot resize fixed-size raw disks");
        }
        long end = window.start() + newSize;
        if (!file.growsWithZeroes()) {
            resizeDevice(file, end);
        } else {
            refuseMetadata();
            setLength(file, end);
        }
        return NewFile.roundedSize(newSize);
    }

    /** The length of a device is what it is. */
    private void resizeDevice(Storage file, long end) throws IOException {
        if (file.protocol().equals(NullProtocol.NAME)) {
            throw refusal(ErrorKind.UNSUPPORTED, "Image format driver does not support resize");
        }
        if (preallocation != Preallocation.OFF) {
            throw refusal(
                    ErrorKind.UNSUPPORTED,
                    "Preallocation mode '" + preallocation.text() + "' unsupported for this non-regular file");
        }
        if (end != file.size()) {
            throw refusal(ErrorKind.UNSUPPORTED, "Cannot resize " + file.kind());
        }
    }
}
