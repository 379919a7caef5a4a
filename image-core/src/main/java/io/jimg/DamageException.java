package io.jimg;

import org.jspecify.annotations.Nullable;

/**
 * Damage that was met while an image was in use. Its message is the event that QEMU tells in a line of its own, before
 * the operation that met it says what failed; in the exceptions that wrap it the message is part of theirs.
 */
public final class DamageException extends ImageException {
    private static final long serialVersionUID = 1L;

    /**
     * An event.
     *
     * @param event the sentence for people, without program name and without full stop
     * @param resource the file that is damaged, as the user named it
     * @param offset the guest's or the host's byte that the damage concerns, or {@link #NO_OFFSET}
     * @param cause what was found; null where there is nothing more to tell
     */
    public DamageException(String event, String resource, long offset, @Nullable Throwable cause) {
        super(ErrorKind.CORRUPT, event, resource, offset, cause);
    }
}
