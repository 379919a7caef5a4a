package io.jimg.ops;

import io.jimg.DiskImage;
import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.capability.Resizable;
import java.io.IOException;

/** Grows an image that others stand on. */
final class Growth {
    private Growth() {}

    /** Makes an image at least so many bytes large; new bytes read as zero. */
    static void atLeast(DiskImage image, long size) throws IOException {
        if (image.size() < size) {
            image.capability(Resizable.class)
                    .orElseThrow(() -> new ImageException(ErrorKind.UNSUPPORTED, "Operation not supported"))
                    .resize(size, Resizable.Preallocation.OFF, false)
                    .run();
        }
    }
}
