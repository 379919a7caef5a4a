package io.jimg.ops;

import io.jimg.DiskImage;
import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.Job;
import io.jimg.capability.Resizable;
import io.jimg.capability.Resizable.Preallocation;

/**
 * Gives an image's disk another size.
 *
 * <pre>{@code
 * Resize.of(image, 20L << 30).preallocation(Preallocation.FALLOC).job().run();
 * }</pre>
 */
public final class Resize {
    /** The largest size that QEMU gives a disk: 2^63 - 2^30 bytes. */
    private static final long LARGEST = Long.MAX_VALUE - (1 << 30) + 1;

    private final DiskImage image;
    private final long newSize;
    private Preallocation preallocation = Preallocation.OFF;
    private boolean shrink;

    private Resize(DiskImage image, long newSize) {
        this.image = image;
        this.newSize = newSize;
    }

    /**
     * Of an image that is open for writing and stays the caller's.
     *
     * @param newSize guest bytes, greater than 0
     */
    public static Resize of(DiskImage image, long newSize) {
        return new Resize(image, newSize);
    }

    /** What is reserved of the new part; nothing if this is not called. */
    public Resize preallocation(Preallocation mode) {
        preallocation = mode;
        return this;
    }

    /** Allows that the disk becomes smaller, which loses what lies beyond the new size. */
    public Resize shrink(boolean allowed) {
        shrink = allowed;
        return this;
    }

    /**
     * The job, whose result is the new size in bytes. It leaves the disk as it was where it fails or is cancelled.
     *
     * @throws ImageException {@link ErrorKind#BAD_OPTION} for what cannot be asked, {@link ErrorKind#UNSUPPORTED} where
     *     the format has no resize
     */
    public Job<Long> job() throws ImageException {
        if (newSize <= 0) {
            throw refused(ErrorKind.BAD_OPTION, "New image size must be positive");
        }
        if (newSize > LARGEST) {
            throw refused(ErrorKind.LIMIT, "offset(" + newSize + ") exceeds maximum(" + LARGEST + ")");
        }
        if (newSize <= image.size() && preallocation != Preallocation.OFF) {
            throw refused(ErrorKind.BAD_OPTION, "Preallocation can only be used for growing images");
        }
        if (newSize < image.size() && !shrink) {
            throw refused(ErrorKind.BAD_OPTION, "Use the --shrink option to perform a shrink operation.");
        }
        return image.capability(Resizable.class)
                .orElseThrow(() -> refused(ErrorKind.UNSUPPORTED, "Image format driver does not support resize"))
                .resize(newSize, preallocation, shrink);
    }

    private ImageException refused(ErrorKind kind, String sentence) {
        return new ImageException(kind, sentence, image.name(), ImageException.NO_OFFSET, null);
    }
}
