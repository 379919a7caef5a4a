package io.jimg.ops;

import io.jimg.DiskImage;
import io.jimg.ErrorKind;
import io.jimg.Extent;
import io.jimg.ImageException;
import io.jimg.ZeroMode;
import io.jimg.capability.Resizable;
import java.io.IOException;

/** Grows an image that others stand on. */
final class Growth {
    private Growth() {}

    /** Makes an image at least so many bytes large; new bytes read as zero. */
    static void atLeast(DiskImage image, long size) throws IOException {
        long before = image.size();
        if (before < size) {
            image.capability(Resizable.class)
                    .orElseThrow(() -> new ImageException(ErrorKind.UNSUPPORTED, "Operation not supported"))
                    .resize(size, Resizable.Preallocation.OFF, false)
                    .run();
            zero(image, before, size);
        }
    }

    /** Zeroes what is not zero by itself: a cipher makes noise of a file's zeroes. */
    private static void zero(DiskImage image, long from, long end) throws IOException {
        for (long at = from; at < end; ) {
            Extent extent = image.extentAt(at, end - at);
            if (!extent.zero()) {
                image.writeZeroes(at, extent.length(), ZeroMode.MAY_UNMAP);
            }
            at = extent.end();
        }
    }
}
