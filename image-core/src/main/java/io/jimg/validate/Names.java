package io.jimg.validate;

import io.jimg.ImageException;
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

    /** An exception's sentence, with control characters escaped, for it may quote an image. */
    public static String sentence(ImageException failure) {
        String quoted = Inspection.quoted(failure.getMessage());
        return quoted.substring(1, quoted.length() - 1);
    }
}
