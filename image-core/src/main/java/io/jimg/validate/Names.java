package io.jimg.validate;

import io.jimg.ImageException;
import java.util.Locale;
import java.util.zip.DataFormatException;
import org.jspecify.annotations.Nullable;

/** What to make of names and sentences that an image brings. */
public final class Names {
    private Names() {}

    /**
     * Why a name that an image holds leads elsewhere than to a file beside the image.
     *
     * @return the end of a sentence whose subject is the name; null where it is harmless
     */
    public static @Nullable String danger(String name) {
        if (name.chars().anyMatch(Character::isISOControl)) {
            return "holds control characters";
        }
        if (name.startsWith("/") || name.startsWith("\\")) {
            return "is an absolute path";
        }
        if (name.startsWith("json:")) {
            return "is a tree of options, which may open anything";
        }
        int colon = name.indexOf(':');
        if (colon >= 0 && name.substring(0, colon).chars().noneMatch(c -> c == '/' || c == '\\')) {
            return "begins with a protocol or a drive";
        }
        for (String step : name.split("[/\\\\]", -1)) {
            if (step.equals("..")) {
                return "leads out of the image's folder";
            }
        }
        return null;
    }

    /**
     * An exception's sentence, with control characters escaped, for it may quote an image. Where it says only that the
     * host failed, although the data did, it is what the data did.
     */
    public static String sentence(ImageException failure) {
        for (Throwable cause = failure.getCause(); cause != null; cause = cause.getCause()) {
            if (cause instanceof DataFormatException && cause.getMessage() != null) {
                return sentence(cause.getMessage());
            }
        }
        return sentence(failure.getMessage());
    }

    /** A sentence for a report: its first line, for advice about a program may follow, beginning as sentences do. */
    public static String sentence(String said) {
        String first = said.lines().findFirst().orElse("").strip();
        return Inspection.escaped(
                first.isEmpty() ? first : first.substring(0, 1).toUpperCase(Locale.ROOT) + first.substring(1));
    }
}
