package io.jimg.cli.process;

import io.jimg.DamageException;
import io.jimg.ImageException;
import io.jimg.host.Errno;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** Failures of requests in the C library's words, which is all that the program tells of them. */
public final class ErrorWords {
    private static final int LAST_ERRNO = 133;

    private ErrorWords() {}

    /** The words; damage that is behind a failure is told in a line of its own before. */
    public static String of(Console console, IOException failure) {
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            if (cause instanceof DamageException damage) {
                console.plainError(damage.getMessage());
                return Errno.text(Errno.EIO);
            }
        }
        return of(failure);
    }

    private static String of(IOException failure) {
        String words = hostWords(String.valueOf(failure.getMessage()));
        if (words != null) {
            return words;
        }
        if (!(failure instanceof ImageException image)) {
            return Errno.text(Errno.EIO);
        }
        return Errno.text(
                switch (image.kind()) {
                    case NO_SPACE -> Errno.ENOSPC;
                    case UNSUPPORTED -> Errno.EOPNOTSUPP;
                    case PERMISSION, READ_ONLY -> Errno.EPERM;
                    case LIMIT -> Errno.EFBIG;
                    case BAD_OPTION -> Errno.EINVAL;
                    default -> Errno.EIO;
                });
    }

    /** What a message that the host's words are the end of ends with; null where it does not. */
    private static @Nullable String hostWords(String message) {
        String tail = message.substring(message.lastIndexOf(": ") < 0 ? 0 : message.lastIndexOf(": ") + 2);
        for (int errno = 1; errno <= LAST_ERRNO; errno++) {
            if (Errno.text(errno).equals(tail)) {
                return tail;
            }
        }
        return null;
    }
}
