package io.jimg.validate;

import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** How much a policy makes of a rule. */
public enum Severity {
    /** Not looked at, or not told. */
    OFF,
    /** Told, and no reason to reject the image. */
    NOTE,
    /** A finding that somebody should look at; the image counts as one with findings. */
    WARNING,
    /** A finding for which the image should be rejected. */
    ERROR;

    /** The word that policies and reports use, in lower case. */
    public String word() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** The severity of a word; null for any other. */
    static @Nullable Severity find(String word) {
        for (Severity severity : values()) {
            if (severity.word().equals(word)) {
                return severity;
            }
        }
        return null;
    }

    /** Whether an image is not clean because of this. */
    public boolean counts() {
        return this == WARNING || this == ERROR;
    }
}
