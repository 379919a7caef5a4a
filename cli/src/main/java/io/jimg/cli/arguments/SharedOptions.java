package io.jimg.cli.arguments;

import io.jimg.cli.getopt.OptionSpec;
import java.util.List;

/** Options of the program, and those that several commands have. */
public final class SharedOptions {
    /** The program's own options, which come before the command. */
    public static final List<OptionSpec> PROGRAM = List.of(
            OptionSpec.flag('h', "display this help and exit").or("help"),
            OptionSpec.flag('V', "output version information and exit").or("version"),
            OptionSpec.valued('T', "trace", "accepted for compatibility; there is nothing to trace")
                    .or("trace"));

    /** {@code -h}. */
    public static final OptionSpec HELP =
            OptionSpec.flag('h', "show this help and exit").or("help");
    /** {@code -f}, also spelt out. */
    public static final OptionSpec FORMAT = OptionSpec.valued(
                    'f', "fmt", "format of the image; found by content if not stated")
            .or("format");
    /** {@code --object}, for {@link ImageSource#take}. */
    public static final OptionSpec OBJECT =
            OptionSpec.valued("object", "objectdef", "define an object, such as secret,id=ID,file=FILE");
    /** {@code --image-opts}, for {@link ImageSource#take}. */
    public static final OptionSpec IMAGE_OPTS =
            OptionSpec.flag("image-opts", "read FILENAME as a list of options (driver=...,file.filename=...)");
    /** {@code -U}, for {@link ImageSource#take}. */
    public static final OptionSpec FORCE_SHARE = OptionSpec.flag(
                    'U', "open although another process may write the image")
            .or("force-share");
    /** {@code --output}, for {@link OutputForm}. */
    public static final OptionSpec OUTPUT = OptionSpec.valued("output", "human|json", "choose the output's form");
    /** {@code -p}. */
    public static final OptionSpec PROGRESS = OptionSpec.flag('p', "show progress");
    /** {@code -q}. */
    public static final OptionSpec QUIET = OptionSpec.flag('q', "say nothing but errors");
    /** {@code -T}, for {@link CacheModes}. */
    public static final OptionSpec SOURCE_CACHE = OptionSpec.valued('T', "cache", "cache mode for reading (writeback)");

    private SharedOptions() {}
}
