package io.jimg.capability;

import io.jimg.ErrorKind;
import io.jimg.ImageException;

/** A check or a repair could not go on to its end; what it had found by then is not lost. */
public final class CheckFailedException extends ImageException {
    private static final long serialVersionUID = 1L;

    private final transient CheckReport report;

    /**
     * A failure.
     *
     * @param sentence why it could not go on, without full stop
     * @param resource the image's file, as the user named it
     * @param report what was found before
     */
    public CheckFailedException(String sentence, String resource, CheckReport report) {
        super(ErrorKind.CORRUPT, sentence, resource, NO_OFFSET, null);
        this.report = report;
    }

    /** What was found before. */
    public CheckReport report() {
        return report;
    }
}
