package io.jimg.cli.arguments;

import io.jimg.DiskImage;
import io.jimg.OpenOptions;
import io.jimg.cli.process.Console;
import org.jspecify.annotations.Nullable;

/** What is said of an image that is written and whose format nobody has stated. */
public final class Guess {
    /** The format that images of no other format are taken for, which is a guess. */
    private static final String GUESSED = "raw";

    private Guess() {}

    /**
     * Warns where an image that is to be written was taken for raw because it looks like nothing else.
     *
     * @param name as it was opened; null for a tree of options
     */
    public static void warn(Console console, @Nullable String name, OpenOptions options, DiskImage image) {
        boolean stated = options.format() != null
                || options.driverOptions().get("driver") != null
                || (name != null && name.startsWith("json:") && name.contains("driver"));
        if (stated || !image.format().equals(GUESSED)) {
            return;
        }
        console.plainError("WARNING: Image format was not specified for '" + image.name() + "' and probing guessed "
                + GUESSED + ".");
        console.plainError("         Automatically detecting the format is dangerous for raw images, write"
                + " operations on block 0 will be restricted.");
        console.plainError("         Specify the '" + GUESSED + "' format explicitly to remove the restrictions.");
    }
}
