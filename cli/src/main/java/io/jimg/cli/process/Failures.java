package io.jimg.cli.process;

import io.jimg.DamageException;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.NoSuchFileException;
import org.jspecify.annotations.Nullable;

/** Sentences for failures. */
public final class Failures {
    private static final String INPUT_OUTPUT_ERROR = "Input/output error";

    private Failures() {}

    /** Complains of a failure; where damage is behind it, the damage comes first, in a line of its own. */
    public static void tell(Console console, IOException failure) {
        @Nullable DamageException damage = damage(failure);
        if (damage != null) {
            console.plainError(damage.getMessage());
        }
        console.error(withoutDamage(failure));
    }

    /** The damage behind a failure; null for none. */
    public static @Nullable DamageException damage(IOException failure) {
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            if (cause instanceof DamageException damage) {
                return damage;
            }
        }
        return null;
    }

    /** What to say of a failure where the damage behind it has been told already. */
    public static String withoutDamage(IOException failure) {
        @Nullable DamageException damage = damage(failure);
        String sentence = sentence(failure);
        return damage == null ? sentence : sentence.replace(damage.getMessage(), INPUT_OUTPUT_ERROR);
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
