package io.jimg.cli.getopt;

import java.util.Objects;

/** The words of a command do not make sense; the message says which, in the words that qemu-img has for it. */
public final class UsageException extends Exception {
    private static final long serialVersionUID = 1L;

    private final String sentence;

    /** An exception with a sentence for the user, without the program's name. */
    public UsageException(String message) {
        super(message, null, false, false);
        sentence = message;
    }

    /** The message. */
    public String sentence() {
        return sentence;
    }

    /** The sentence for people; never null. */
    @Override
    public String getMessage() {
        return Objects.requireNonNull(super.getMessage());
    }
}
