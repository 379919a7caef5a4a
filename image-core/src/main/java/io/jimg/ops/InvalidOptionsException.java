package io.jimg.ops;

import io.jimg.ImageException;

/** Options of a new image that cannot be read as such. */
public final class InvalidOptionsException extends ImageException {
    private static final long serialVersionUID = 1L;

    InvalidOptionsException(ImageException refused) {
        super(refused.kind(), refused.getMessage(), refused.resource(), refused.offset(), refused);
    }
}
