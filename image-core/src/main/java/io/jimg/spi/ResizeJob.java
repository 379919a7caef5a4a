package io.jimg.spi;

import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.Job;
import io.jimg.capability.Resizable;
import io.jimg.capability.Resizable.Preallocation;
import io.jimg.storage.Storage;
import java.io.IOException;

/** What {@link Resizable#resize} was asked for, and what every format says of it with the same words. */
public abstract class ResizeJob extends Job<Long> {
    /** Bytes that the disk is to have. */
    protected final long newSize;
    /** What is reserved of what is added. */
    protected final Preallocation preallocation;

    private final String imageName;
    private final boolean shrink;

    /** A job for {@link Resizable#resize}'s arguments. */
    protected ResizeJob(String imageName, long newSize, Preallocation preallocation, boolean shrink) {
        this.imageName = imageName;
        this.newSize = newSize;
        this.preallocation = preallocation;
        this.shrink = shrink;
    }

    /** Refuses to make the disk smaller where that was not allowed. */
    protected final void refuseLoss(long oldSize) throws ImageException {
        if (newSize < oldSize && !shrink) {
            throw refusal(ErrorKind.BAD_OPTION, "The image would become smaller, which was not allowed");
        }
    }

    /** Refuses to reserve space where nothing is added. */
    protected final void refusePreallocationWithoutGrowth(long oldSize) throws ImageException {
        if (newSize <= oldSize && preallocation != Preallocation.OFF) {
            throw refusal(ErrorKind.BAD_OPTION, "Preallocation can't be used for shrinking an image");
        }
    }

    /** Refuses to reserve metadata in a format that has none. */
    protected final void refuseMetadata() throws ImageException {
        if (preallocation == Preallocation.METADATA) {
            throw refusal(ErrorKind.UNSUPPORTED, "Unsupported preallocation mode: metadata");
        }
    }

    /**
     * Gives the file another length, and reserves what was asked for, which it must grow for. A failure leaves it as it
     * was.
     */
    protected final void setLength(Storage file, long length) throws IOException {
        if (preallocation == Preallocation.OFF) {
            file.truncate(length);
            return;
        }
        long added = length - file.size();
        if (added <= 0) {
            throw refusal(
                    ErrorKind.BAD_OPTION,
                    preallocation == Preallocation.FULL
                            ? "Full preallocation can't be used for shrinking"
                            : "Preallocation can't be used for shrinking an image");
        }
        FileSpace.extend(file, length, preallocation.ofSpace(), done -> {
            checkCancelled();
            progress(done, added);
        });
    }

    /** An exception about this image. */
    protected final ImageException refusal(ErrorKind kind, String sentence) {
        return new ImageException(kind, sentence, imageName, ImageException.NO_OFFSET, null);
    }
}
