package io.jimg.cli;

import io.jimg.cli.getopt.OptionSpec;

/** Options that several commands have. */
final class SharedOptions {
    static final OptionSpec HELP =
            OptionSpec.flag('h', "show this help and exit").or("help");
    static final OptionSpec FORMAT = OptionSpec.valued(
                    'f', "fmt", "format of the image; found by content if not stated")
            .or("format");
    static final OptionSpec OBJECT =
            OptionSpec.valued("object", "objectdef", "define an object, such as secret,id=ID,file=FILE");
    static final OptionSpec IMAGE_OPTS =
            OptionSpec.flag("image-opts", "read FILENAME as a list of options (driver=...,file.filename=...)");
    static final OptionSpec FORCE_SHARE = OptionSpec.flag('U', "open although another process may write the image")
            .or("force-share");
    static final OptionSpec OUTPUT = OptionSpec.valued("output", "human|json", "choose the output's form");
    static final OptionSpec PROGRESS = OptionSpec.flag('p', "show progress");
    static final OptionSpec QUIET = OptionSpec.flag('q', "say nothing but errors");
    static final OptionSpec SOURCE_CACHE = OptionSpec.valued('T', "cache", "cache mode for reading (writeback)");

    private SharedOptions() {}
}
