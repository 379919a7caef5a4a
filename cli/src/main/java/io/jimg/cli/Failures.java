package io.jimg.cli;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.NoSuchFileException;

/** Sentences for failures. */
final class Failures {
    private Failures() {}

    /** What to say of a failure: its message, and for those whose message is a bare file name what the C library says. */
    static String sentence(IOException failure) {
        String message = failure.getMessage();
        if (failure instanceof NoSuchFileException || failure instanceof FileNotFoundException) {
            return message + ": No such file or directory";
        }
        if (failure instanceof AccessDeniedException) {
            return message + ": Permission denied";
        }
        return message == null ? "Input/output error" : message;
    }
}
