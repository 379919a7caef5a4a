package io.jimg.cli.commands;

import io.jimg.CacheMode;
import io.jimg.DiskImage;
import io.jimg.Job;
import io.jimg.cli.arguments.CacheModes;
import io.jimg.cli.arguments.ImageSource;
import io.jimg.cli.arguments.SharedOptions;
import io.jimg.cli.getopt.Getopt;
import io.jimg.cli.getopt.OptionSpec;
import io.jimg.cli.getopt.UsageException;
import io.jimg.cli.process.CommandException;
import io.jimg.cli.process.Console;
import io.jimg.cli.process.Failures;
import io.jimg.cli.text.Progress;
import io.jimg.ops.Compare;
import io.jimg.ops.Comparison;
import io.jimg.ops.ComparisonException;
import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** {@code compare}: whether two images hold the same bytes. */
final class CompareCommand implements Command {
    /** Exit code where an image cannot be opened, or the words are wrong. */
    private static final int CANNOT_OPEN = 2;

    /** Exit code where an image does not tell what of it is allocated. */
    private static final int CANNOT_TELL = 3;

    /** Exit code where an image cannot be read. */
    private static final int CANNOT_READ = 4;

    private static final OptionSpec FIRST_FORMAT = OptionSpec.valued('f', "fmt", "format of the first image");
    private static final OptionSpec SECOND_FORMAT = OptionSpec.valued('F', "fmt", "format of the second image");
    private static final OptionSpec STRICT =
            OptionSpec.flag('s', "fail on different sizes and different allocation too");

    @Override
    public List<OptionSpec> options() {
        return List.of(
                SharedOptions.HELP,
                FIRST_FORMAT,
                SECOND_FORMAT,
                SharedOptions.SOURCE_CACHE,
                SharedOptions.PROGRESS,
                SharedOptions.QUIET,
                STRICT,
                SharedOptions.OBJECT,
                SharedOptions.IMAGE_OPTS,
                SharedOptions.FORCE_SHARE);
    }

    @Override
    public String operands() {
        return "FILENAME1 FILENAME2";
    }

    @Override
    public String summary() {
        return "check if two images have the same content";
    }

    @Override
    public int run(Invocation invocation) throws UsageException, CommandException, IOException {
        Console console = invocation.console();
        ImageSource source = new ImageSource(console);
        @Nullable String firstFormat = null;
        @Nullable String secondFormat = null;
        String cache = "writeback";
        boolean progress = false;
        boolean quiet = false;
        boolean strict = false;
        Getopt words = invocation.options(this);
        String key;
        while ((key = words.next()) != null) {
            switch (key) {
                case "h" -> {
                    return HELP;
                }
                case "f" -> firstFormat = words.argument();
                case "F" -> secondFormat = words.argument();
                case "T" -> cache = words.argument();
                case "p" -> progress = true;
                case "q" -> quiet = true;
                case "s" -> strict = true;
                default -> take(source, key, words);
            }
        }
        List<String> names = words.operands();
        if (names.size() != 2) {
            throw new UsageException("Expecting two image file names");
        }
        Progress bar = new Progress(console, progress, quiet);
        try {
            @Nullable CacheMode mode = CacheModes.find(cache);
            if (mode == null) {
                throw new CommandException(CANNOT_OPEN, "Invalid source cache option: " + cache);
            }
            source.cache(mode);
            try (DiskImage first = open(source, names.get(0), firstFormat);
                    DiskImage second = open(source, names.get(1), secondFormat)) {
                return compare(new Report(console, quiet, bar), names, first, second, strict);
            }
        } finally {
            bar.leave();
        }
    }

    private static void take(ImageSource source, String key, Getopt words) throws CommandException {
        try {
            source.take(key, words);
        } catch (CommandException wrongWords) {
            throw new CommandException(CANNOT_OPEN, wrongWords.sentence());
        } catch (IOException failed) {
            throw new CommandException(CANNOT_OPEN, Failures.sentence(failed));
        }
    }

    private static DiskImage open(ImageSource source, String name, @Nullable String format) throws CommandException {
        try {
            return source.locate(name, format).open();
        } catch (CommandException wrongWords) {
            throw new CommandException(CANNOT_OPEN, wrongWords.sentence());
        } catch (IOException failed) {
            throw new CommandException(CANNOT_OPEN, Failures.sentence(failed));
        }
    }

    /** Where results go. */
    private record Report(Console console, boolean quiet, Progress bar) {
        void say(String sentence) {
            if (!quiet) {
                console.line(sentence);
            }
        }
    }

    private static int compare(Report report, List<String> names, DiskImage first, DiskImage second, boolean strict)
            throws CommandException {
        report.bar().begin();
        Job<Comparison> job = new Compare(first, second)
                .called(names.get(0), names.get(1))
                .strict(strict)
                .job()
                .onProgress(report.bar()::at);
        long common = Math.min(first.size(), second.size());
        Comparison result;
        try {
            result = job.run();
        } catch (ComparisonException unreadable) {
            if (unreadable.guestOffset() >= common) {
                warnOfSizes(report, first, second, strict);
            }
            Failures.tell(report.console(), unreadable);
            return unreadable.inStatus() ? CANNOT_TELL : CANNOT_READ;
        } catch (IOException failed) {
            Failures.tell(report.console(), failed);
            return CANNOT_READ;
        }
        if (result.identical() || result.offset() >= common) {
            warnOfSizes(report, first, second, strict);
        }
        switch (result.outcome()) {
            case IDENTICAL -> {
                report.bar().full();
                report.say("Images are identical.");
                return 0;
            }
            case SIZE_DIFFERS -> report.say("Strict mode: Image size mismatch!");
            case ALLOCATION_DIFFERS -> report.say("Strict mode: Offset " + result.offset() + " block status mismatch!");
            case CONTENT_DIFFERS -> report.say("Content mismatch at offset " + result.offset() + "!");
        }
        return 1;
    }

    /** What is said when the comparison comes to where one of the images has ended. */
    private static void warnOfSizes(Report report, DiskImage first, DiskImage second, boolean strict) {
        if (first.size() != second.size() && !strict) {
            report.say("Warning: Image size mismatch!");
        }
    }
}
