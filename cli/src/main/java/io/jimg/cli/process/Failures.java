package io.jimg.cli.process;

import io.jimg.DamageException;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.NoSuchFileException;

/** Sentences for failures. */
public final class Failures {
    private static final String INPUT_OUTPUT_ERROR = "Input/output error";

    private Failures() {}

    /** Complains of a failure; where damage is behind it, the damage comes first, in a line of its own. */
    public static void tell(Console console, IOException failure) {
        String sentence = sentence(failure);
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            if (cause instanceof DamageException damage) {
                console.plainError(damage.getMessage());
                sentence = sentence.replace(damage.getMessage(), INPUT_OUTPUT_ERROR);
                break;
            }
        }
        console.error(sentence);
    }

    /**
     * What to say of a failure: its message, and for those whose message is a bare file name what the C library says.
     */
    public static String sentence(IOException failure) {
        String message = failure.getMessage();
        if (failure instanceof NoSuchFileException || failure instanceof FileNotFoundException) {
            return message + ": No such file or directory";
        }
        if (failure instanceof AccessDeniedException) {
            return message + ": Permission denied";
        }
        return message == null ? INPUT_OUTPUT_ERROR : message;
    }
}
