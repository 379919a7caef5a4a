package io.jimg.cli.commands;

import io.jimg.Job;
import io.jimg.all.AllFormats;
import io.jimg.cli.arguments.CacheModes;
import io.jimg.cli.arguments.ImageName;
import io.jimg.cli.arguments.ImageSource;
import io.jimg.cli.arguments.SharedOptions;
import io.jimg.cli.arguments.SizeArgument;
import io.jimg.cli.getopt.Getopt;
import io.jimg.cli.getopt.OptionSpec;
import io.jimg.cli.getopt.UsageException;
import io.jimg.cli.process.CommandException;
import io.jimg.cli.process.Console;
import io.jimg.cli.process.Interrupt;
import io.jimg.cli.text.Progress;
import io.jimg.ops.Commit;
import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** {@code commit}: writes what an overlay holds into an image beneath it. */
final class CommitCommand implements Command {
    static final OptionSpec CACHE = OptionSpec.valued('t', "cache", "cache mode for writing (writeback)");

    private static final List<OptionSpec> TABLE = List.of(
            SharedOptions.HELP,
            OptionSpec.valued('f', "fmt", "format of the image; found by content if not stated"),
            CACHE,
            OptionSpec.valued('b', "base", "image of the chain to commit to (the backing file); implies -d"),
            OptionSpec.flag('d', "do not empty the image"),
            OptionSpec.valued('r', "rate_limit", "write at most so many bytes a second"),
            SharedOptions.PROGRESS,
            SharedOptions.QUIET,
            SharedOptions.OBJECT,
            SharedOptions.IMAGE_OPTS);

    @Override
    public List<OptionSpec> options() {
        return TABLE;
    }

    @Override
    public String operands() {
        return "FILENAME";
    }

    @Override
    public String summary() {
        return "write what an image holds into its backing file";
    }

    @Override
    public int run(Invocation invocation) throws UsageException, CommandException, IOException {
        Console console = invocation.console();
        ImageSource source = new ImageSource(console);
        @Nullable String format = null;
        @Nullable String base = null;
        String cache = "writeback";
        boolean drop = false;
        boolean progress = false;
        boolean quiet = false;
        long rate = 0;
        Getopt words = invocation.options(this);
        String key;
        while ((key = words.next()) != null) {
            switch (key) {
                case "h" -> {
                    return HELP;
                }
                case "f" -> format = words.argument();
                case "t" -> cache = words.argument();
                case "b" -> base = words.argument();
                case "d" -> drop = true;
                case "r" -> rate = SizeArgument.parse("rate limit", words.argument());
                case "p" -> progress = true;
                case "q" -> quiet = true;
                default -> source.take(key, words);
            }
        }
        String name = ImageName.only(words.operands());
        source.cache(CacheModes.parse("cache option", cache));
        ImageSource.Located image = source.locate(name, format);
        Progress bar = new Progress(console, progress, quiet);
        Job<?> job = new Commit(AllFormats.images(), image.name(), image.options())
                .called(image.words())
                .whenOpened(overlay -> {
                    image.warn(overlay);
                    bar.beginOnce();
                })
                .base(base)
                .drop(drop)
                .rate(rate)
                .job();
        try {
            run(job, bar);
        } finally {
            bar.leaveIfBegun();
        }
        if (!quiet) {
            console.line("Image committed.");
        }
        return 0;
    }

    /** Runs a job that moves a bar, and that Ctrl-C cancels. */
    static void run(Job<?> job, Progress bar) throws IOException {
        Interrupt interrupt = new Interrupt(job.onProgress(bar::at));
        try {
            job.run();
            bar.full();
        } finally {
            interrupt.end();
        }
    }
}
