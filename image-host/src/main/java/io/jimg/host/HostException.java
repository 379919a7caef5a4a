package io.jimg.host;

import java.nio.file.FileSystemException;

/**
 * A call to the host failed. {@link #getFile()} is the path as the caller gave it, {@link #getReason()} the host's own
 * words for the error, as {@code strerror} has them ("No space left on device").
 */
public final class HostException extends FileSystemException {
    private static final long serialVersionUID = 1L;

    private final int errno;

    /** A call that failed with an error number of {@link Errno}. */
    public HostException(String file, int errno) {
        super(file, null, Errno.text(errno));
        this.errno = errno;
    }

    /** {@return the error's number, as Linux has it in {@code errno.h}; see {@link Errno}} */
    public int errno() {
        return errno;
    }
}
