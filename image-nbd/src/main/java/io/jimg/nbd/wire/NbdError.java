package io.jimg.nbd.wire;

import io.jimg.ErrorKind;
import io.jimg.ImageException;
import java.io.IOException;

/** The errors that replies carry ("Error values"). */
public enum NbdError {
    /** Not permitted, such as a write to what is read-only. */
    PERMISSION(1, ErrorKind.PERMISSION, "Operation not permitted"),
    /** Input or output failed. */
    IO(5, ErrorKind.IO, "Input/output error"),
    /** The server has no memory for it. */
    MEMORY(12, ErrorKind.IO, "Cannot allocate memory"),
    /** A request that makes no sense to the server. */
    INVALID(22, ErrorKind.IO, "Invalid argument"),
    /** The server's storage is full, or a write lies past the end. */
    NO_SPACE(28, ErrorKind.NO_SPACE, "No space left on device"),
    /** Too much asked at once. */
    OVERFLOW(75, ErrorKind.LIMIT, "Value too large for defined data type"),
    /** Not in the way that was asked, such as fast zeroes. */
    UNSUPPORTED(95, ErrorKind.UNSUPPORTED, "Operation not supported"),
    /** The server is being shut down. */
    SHUTDOWN(108, ErrorKind.IO, "Cannot send after transport endpoint shutdown");

    private final int number;
    private final ErrorKind kind;
    private final String sentence;

    NbdError(int number, ErrorKind kind, String sentence) {
        this.number = number;
        this.kind = kind;
        this.sentence = sentence;
    }

    /** The number on the wire. */
    public int number() {
        return number;
    }

    /** The error of a number; what is unexpected counts as {@link #INVALID}, as the specification asks. */
    public static NbdError of(int number) {
        for (NbdError error : values()) {
            if (error.number == number) {
                return error;
            }
        }
        return INVALID;
    }

    /** The error that tells a client of a failure. */
    public static NbdError of(IOException failure) {
        return switch (ImageException.wrap(failure).kind()) {
            case PERMISSION, READ_ONLY, DENIED, LOCKED -> PERMISSION;
            case NO_SPACE -> NO_SPACE;
            case UNSUPPORTED -> UNSUPPORTED;
            case OUT_OF_RANGE, BAD_OPTION -> INVALID;
            case CLOSED -> SHUTDOWN;
            default -> IO;
        };
    }

    /**
     * The failure that this error is for who made the request.
     *
     * @param resource the export
     * @param offset of the request
     */
    public ImageException exception(String resource, long offset) {
        return new ImageException(kind, sentence, resource, offset, null);
    }
}
