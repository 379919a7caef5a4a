package io.jimg.cli.process;

import java.util.Objects;

/** A command cannot go on: what to say and with what to exit. */
public final class CommandException extends Exception {
    private static final long serialVersionUID = 1L;

    private final int exitCode;
    private final String sentence;

    /** A failure with exit code 1. */
    public CommandException(String sentence) {
        this(1, sentence);
    }

    /**
     * A failure.
     *
     * @param exitCode not 0
     * @param sentence for the user, without the program's name
     */
    public CommandException(int exitCode, String sentence) {
        super(sentence, null, false, false);
        this.exitCode = exitCode;
        this.sentence = sentence;
    }

    /** The message. */
    public String sentence() {
        return sentence;
    }

    /** What to exit with. */
    public int exitCode() {
        return exitCode;
    }

    /** The sentence for people; never null. */
    @Override
    public String getMessage() {
        return Objects.requireNonNull(super.getMessage());
    }
}
