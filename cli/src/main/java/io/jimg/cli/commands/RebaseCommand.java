package io.jimg.cli.commands;

import io.jimg.all.AllFormats;
import io.jimg.cli.arguments.CacheModes;
import io.jimg.cli.arguments.ImageName;
import io.jimg.cli.arguments.ImageSource;
import io.jimg.cli.arguments.SharedOptions;
import io.jimg.cli.getopt.Getopt;
import io.jimg.cli.getopt.OptionSpec;
import io.jimg.cli.getopt.UsageException;
import io.jimg.cli.process.CommandException;
import io.jimg.cli.process.Console;
import io.jimg.cli.text.Progress;
import io.jimg.ops.Rebase;
import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** {@code rebase}: puts an overlay on another backing file, or on none. */
final class RebaseCommand implements Command {
    private static final List<OptionSpec> TABLE = List.of(
            SharedOptions.HELP,
            OptionSpec.valued('f', "fmt", "format of the image; found by content if not stated"),
            CommitCommand.CACHE,
            SharedOptions.SOURCE_CACHE,
            OptionSpec.valued('b', "backing_file", "the new backing file; '' for none"),
            OptionSpec.valued('F', "backing_fmt", "its format"),
            OptionSpec.flag('u', "change the name alone, whatever the guest reads then"),
            OptionSpec.flag('c', "compress what is written into the image").or("compress"),
            SharedOptions.PROGRESS,
            SharedOptions.QUIET,
            SharedOptions.OBJECT,
            SharedOptions.IMAGE_OPTS,
            SharedOptions.FORCE_SHARE);

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
        return "put an image on another backing file";
    }

    @Override
    public int run(Invocation invocation) throws UsageException, CommandException, IOException {
        Console console = invocation.console();
        ImageSource source = new ImageSource(console);
        @Nullable String format = null;
        @Nullable String backing = null;
        @Nullable String backingFormat = null;
        String cache = "writeback";
        String sourceCache = "writeback";
        boolean unsafe = false;
        boolean compress = false;
        boolean progress = false;
        boolean quiet = false;
        Getopt words = invocation.options(this);
        String key;
        while ((key = words.next()) != null) {
            switch (key) {
                case "h" -> {
                    return HELP;
                }
                case "f" -> format = words.argument();
                case "t" -> cache = words.argument();
                case "T" -> sourceCache = words.argument();
                case "b" -> backing = words.argument();
                case "F" -> backingFormat = words.argument();
                case "u" -> unsafe = true;
                case "c" -> compress = true;
                case "p" -> progress = true;
                case "q" -> quiet = true;
                default -> source.take(key, words);
            }
        }
        String name = ImageName.only(words.operands());
        if (!unsafe && backing == null) {
            throw new UsageException("Must specify backing file (-b) or use unsafe mode (-u)");
        }
        Progress bar = new Progress(console, progress, quiet);
        try {
            source.cache(CacheModes.parse("cache option", cache));
            ImageSource.Located image = source.locate(name, format);
            Rebase rebase = new Rebase(AllFormats.images(), image.name(), image.options())
                    .called(image.words())
                    .whenOpened(image::warn)
                    .onto(backing, backingFormat)
                    .backingCache(CacheModes.parse("source cache option", sourceCache))
                    .unsafe(unsafe)
                    .compress(compress);
            bar.begin();
            CommitCommand.run(rebase.job(), bar);
        } finally {
            bar.leave();
        }
        return 0;
    }
}
