package io.jimg.cli.report;

import io.jimg.validate.Validation;
import org.jspecify.annotations.Nullable;

/**
 * What became of one image.
 *
 * @param name as the user wrote it
 * @param validation the result; null where the validation could not run
 * @param failure why it could not; null where it did
 */
public record Outcome(
        String name,
        @Nullable Validation validation,
        @Nullable String failure) {

    /** A validation that ran. */
    public static Outcome of(String name, Validation validation) {
        return new Outcome(name, validation, null);
    }

    /** One that did not. */
    public static Outcome failed(String name, String failure) {
        return new Outcome(name, null, failure);
    }

    /** Exit codes: 0 clean, 1 findings, 2 could not run. */
    public int exitCode() {
        return validation == null ? 2 : validation.clean() ? 0 : 1;
    }
}
