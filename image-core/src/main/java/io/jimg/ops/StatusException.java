package io.jimg.ops;

import io.jimg.ImageException;
import java.io.IOException;

/** A comparison stopped since an image does not tell what of it is allocated; the message is qemu-img's. */
public final class StatusException extends ImageException {
    private static final long serialVersionUID = 1L;

    /** For the image of that name, which failed so. */
    StatusException(String name, IOException failure) {
        super(
                ImageException.wrap(failure).kind(),
                "Sector allocation test failed for " + name,
                name,
                ImageException.wrap(failure).offset(),
                failure);
    }
}
