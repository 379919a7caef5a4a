package io.jimg.ops;

import io.jimg.DiskImage;
import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.Job;
import io.jimg.capability.CheckReport;
import io.jimg.capability.Checkable;

/** Checks an image's metadata. Changes nothing. */
public final class Check {
    private Check() {}

    /**
     * A check of the whole image.
     *
     * @throws ImageException {@link ErrorKind#UNSUPPORTED} where the format has no check
     */
    public static Job<CheckReport> of(DiskImage image) throws ImageException {
        return image.capability(Checkable.class)
                .orElseThrow(() -> new ImageException(
                        ErrorKind.UNSUPPORTED,
                        "This image format does not support checks",
                        image.name(),
                        ImageException.NO_OFFSET,
                        null))
                .check();
    }
}
