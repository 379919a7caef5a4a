package io.jimg.ops;

import io.jimg.ImageException;

/** The new image that an operation was to fill could not be made. Nothing of it is left. */
public final class CreationException extends ImageException {
    private static final long serialVersionUID = 1L;

    CreationException(ImageException refused) {
        super(refused.kind(), refused.getMessage(), refused.resource(), refused.offset(), refused);
    }
}
