package io.jimg.cli.commands;

import io.jimg.CacheMode;
import io.jimg.DamageException;
import io.jimg.DiskImage;
import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.Job;
import io.jimg.capability.CheckReport;
import io.jimg.cli.arguments.CacheModes;
import io.jimg.cli.arguments.ImageSource;
import io.jimg.cli.arguments.OutputForm;
import io.jimg.cli.arguments.SharedOptions;
import io.jimg.cli.getopt.Getopt;
import io.jimg.cli.getopt.OptionSpec;
import io.jimg.cli.getopt.UsageException;
import io.jimg.cli.process.CommandException;
import io.jimg.cli.process.Console;
import io.jimg.cli.process.Failures;
import io.jimg.cli.text.CheckText;
import io.jimg.ops.Check;
import io.jimg.spi.JsonWriter;
import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** {@code check}: whether an image's metadata is consistent. */
final class CheckCommand implements Command {
    /** Exit code where the format has no check. */
    private static final int NO_CHECK = 63;

    private static final OptionSpec REPAIR = OptionSpec.valued(
                    'r', "leaks|all", "repair what the check finds: refused by this version where there is anything")
            .or("repair");

    @Override
    public List<OptionSpec> options() {
        return List.of(
                SharedOptions.HELP,
                SharedOptions.FORMAT,
                REPAIR,
                SharedOptions.OUTPUT,
                SharedOptions.SOURCE_CACHE,
                SharedOptions.QUIET,
                SharedOptions.OBJECT,
                SharedOptions.IMAGE_OPTS,
                SharedOptions.FORCE_SHARE);
    }

    @Override
    public String operands() {
        return "FILENAME";
    }

    @Override
    public String summary() {
        return "check an image's metadata";
    }

    @Override
    public int run(Invocation invocation) throws UsageException, CommandException, IOException {
        Console console = invocation.console();
        ImageSource source = new ImageSource(console);
        @Nullable String format = null;
        OutputForm output = OutputForm.HUMAN;
        String cache = "writeback";
        boolean repair = false;
        boolean quiet = false;
        Getopt words = invocation.options(this);
        String key;
        while ((key = words.next()) != null) {
            switch (key) {
                case "h" -> {
                    return HELP;
                }
                case "f" -> format = words.argument();
                case "r" -> repair = parseRepair(words.argument());
                case "output" -> output = OutputForm.parse(words.argument());
                case "T" -> cache = words.argument();
                case "q" -> quiet = true;
                case "object" -> source.define(words.argument());
                case "image-opts" -> source.imageOpts();
                case "U" -> source.forceShare();
                default -> throw new IllegalStateException(key);
            }
        }
        List<String> names = words.operands();
        if (names.size() != 1) {
            throw new UsageException("Expecting one image file name");
        }
        @Nullable CacheMode mode = CacheModes.find(cache);
        if (mode == null) {
            throw new CommandException("Invalid source cache option: " + cache);
        }
        source.cache(mode);
        ImageSource.Located located = source.locate(names.get(0), format);
        try (DiskImage image = located.with(
                        located.options().withWritable(repair).withToCheck(true))
                .open()) {
            CheckReport report = check(image, repair, console);
            if (output == OutputForm.JSON) {
                console.line(JsonWriter.pretty(CheckText.document(report, located.words(), image.format())));
            } else if (!quiet) {
                console.out().print(CheckText.human(report));
            }
            return exitCode(report);
        }
    }

    private static boolean parseRepair(String word) throws UsageException {
        return switch (word) {
            case "leaks", "all" -> true;
            default -> throw new UsageException("Unknown option value for -r (expecting 'leaks' or 'all'): " + word);
        };
    }

    private static CheckReport check(DiskImage image, boolean repair, Console console)
            throws CommandException, IOException {
        Job<CheckReport> job;
        try {
            job = Check.of(image);
        } catch (ImageException refused) {
            if (refused.kind() == ErrorKind.UNSUPPORTED) {
                throw new CommandException(NO_CHECK, Failures.sentence(refused));
            }
            throw refused;
        }
        CheckReport report;
        try {
            report = job.run();
        } catch (DamageException unreadable) {
            console.error(unreadable.getMessage());
            throw new CommandException("Check failed: "
                    + (unreadable.getCause() instanceof ImageException cause && cause.kind() == ErrorKind.LIMIT
                            ? "File too large"
                            : "Input/output error"));
        } catch (IOException failed) {
            throw new CommandException("Check failed: " + Failures.sentence(failed));
        }
        for (CheckReport.Finding finding : report.findings()) {
            console.plainError(finding.sentence());
        }
        if (report.findingsLeftOut() > 0) {
            console.plainError("... and " + report.findingsLeftOut() + " more");
        }
        if (repair && !report.clean()) {
            throw new CommandException("This version of jimg finds faults but does not repair them yet");
        }
        return report;
    }

    private static int exitCode(CheckReport report) {
        if (report.checkErrors() > 0) {
            return 1;
        }
        return report.corruptions() > 0 ? 2 : report.leaks() > 0 ? 3 : 0;
    }
}
