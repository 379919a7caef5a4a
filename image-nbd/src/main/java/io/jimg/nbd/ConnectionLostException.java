package io.jimg.nbd;

import io.jimg.ErrorKind;
import io.jimg.ImageException;

/**
 * The connection ended, or the server broke the protocol: nothing can be asked of it any more. What became of requests
 * in flight is unknown.
 */
public final class ConnectionLostException extends ImageException {
    private static final long serialVersionUID = 1L;

    ConnectionLostException(String resource, Throwable cause) {
        super(ErrorKind.IO, "Input/output error", resource, NO_OFFSET, cause);
    }
}
