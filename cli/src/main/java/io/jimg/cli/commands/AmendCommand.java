package io.jimg.cli.commands;

import io.jimg.DiskImage;
import io.jimg.Images;
import io.jimg.Job;
import io.jimg.all.AllFormats;
import io.jimg.cli.arguments.CacheModes;
import io.jimg.cli.arguments.ImageName;
import io.jimg.cli.arguments.ImageSource;
import io.jimg.cli.arguments.OptionLists;
import io.jimg.cli.arguments.SharedOptions;
import io.jimg.cli.arguments.ShortForms;
import io.jimg.cli.getopt.Getopt;
import io.jimg.cli.getopt.OptionSpec;
import io.jimg.cli.getopt.UsageException;
import io.jimg.cli.process.CommandException;
import io.jimg.cli.process.Console;
import io.jimg.cli.process.Interrupt;
import io.jimg.cli.text.CreateOptionsHelp;
import io.jimg.cli.text.Progress;
import io.jimg.ops.Amend;
import io.jimg.spi.DottedOptions;
import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** {@code amend}: other options for an image that exists. */
final class AmendCommand implements Command {
    private static final OptionSpec OPTIONS = OptionSpec.valued(
                    'o', "KEY=VALUE[,...]", "options to change; help lists them")
            .or("options");
    private static final OptionSpec CACHE = OptionSpec.valued('t', "CACHE", "cache mode of the image (writeback)")
            .or("cache");
    private static final OptionSpec PROGRESS =
            OptionSpec.flag('p', "show progress").or("progress");
    private static final OptionSpec FORCE = OptionSpec.flag("force", "allow unsafe changes");

    @Override
    public List<OptionSpec> options() {
        return List.of(
                SharedOptions.HELP,
                SharedOptions.QUIET,
                PROGRESS,
                SharedOptions.FORMAT,
                SharedOptions.IMAGE_OPTS,
                CACHE,
                FORCE,
                OPTIONS,
                SharedOptions.OBJECT);
    }

    @Override
    public String operands() {
        return "FILENAME";
    }

    @Override
    public String summary() {
        return "change an image's options";
    }

    @Override
    public int run(Invocation invocation) throws UsageException, CommandException, IOException {
        Console console = invocation.console();
        ImageSource source = new ImageSource(console);
        @Nullable String format = null;
        @Nullable String options = null;
        String cache = "writeback";
        boolean quiet = false;
        boolean shown = false;
        boolean force = false;
        Getopt words = invocation.options(this);
        String key;
        while ((key = words.next()) != null) {
            switch (key) {
                case "h" -> {
                    return HELP;
                }
                case "q" -> quiet = true;
                case "p" -> shown = true;
                case "f" -> format = words.argument();
                case "t" -> cache = words.argument();
                case "force" -> force = true;
                case "o" -> options = OptionLists.append(options, words.argument());
                default -> source.take(key, words);
            }
        }
        if (options == null) {
            throw new UsageException("Must specify options (-o)");
        }
        Images images = AllFormats.images();
        Progress progress = new Progress(console, shown, quiet);
        try {
            if (format != null && OptionLists.asksForHelp(options)) {
                console.out().print(CreateOptionsHelp.amend(format, Amend.schema(images.format(format))));
                return 0;
            }
            String name = ImageName.only(words.operands());
            try (DiskImage image = open(source, name, format, cache)) {
                if (OptionLists.asksForHelp(options)) {
                    String found = image.format();
                    console.out().print(CreateOptionsHelp.amend(found, Amend.schema(images.format(found))));
                    return 0;
                }
                DottedOptions text = DottedOptions.of(OptionLists.parse(options, null, ShortForms.ACCEPTED));
                run(Amend.of(images, image, text, force), progress);
            }
        } finally {
            progress.leave();
        }
        return 0;
    }

    private static DiskImage open(ImageSource source, String name, @Nullable String format, String cache)
            throws CommandException, IOException {
        source.cache(CacheModes.parse("cache option", cache));
        ImageSource.Located located = source.locate(name, format);
        return located.with(located.options().withWritable(true)).open();
    }

    private static void run(Job<Boolean> job, Progress progress) throws IOException {
        progress.begin();
        job.onProgress(progress::at);
        Interrupt interrupt = new Interrupt(job);
        try {
            job.run();
        } finally {
            interrupt.end();
        }
        progress.full();
    }
}
