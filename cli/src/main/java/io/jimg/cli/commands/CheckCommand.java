package io.jimg.cli.commands;

import io.jimg.DamageException;
import io.jimg.DiskImage;
import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.Job;
import io.jimg.capability.CheckFailedException;
import io.jimg.capability.CheckReport;
import io.jimg.capability.Repairable;
import io.jimg.cli.arguments.CacheModes;
import io.jimg.cli.arguments.ImageName;
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
                    'r', "leaks|all", "repair what the check finds: leaked clusters alone, or everything")
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
        Repairable.@Nullable Mode repair = null;
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
                default -> source.take(key, words);
            }
        }
        String name = ImageName.only(words.operands());
        source.cache(CacheModes.parse("source cache option", cache));
        ImageSource.Located located = source.locate(name, format);
        try (DiskImage image = located.with(
                        located.options().withWritable(repair != null).withToCheck(true))
                .open()) {
            CheckReport report = examine(image, repair, console, quiet || output == OutputForm.JSON);
            if (output == OutputForm.JSON && !quiet) {
                console.line(JsonWriter.pretty(CheckText.document(report, located.words(), image.format())));
            } else if (!quiet) {
                console.out().print(CheckText.human(report));
            }
            return exitCode(report);
        }
    }

    private static Repairable.Mode parseRepair(String word) throws UsageException {
        return switch (word) {
            case "leaks" -> Repairable.Mode.LEAKS;
            case "all" -> Repairable.Mode.ALL;
            default -> throw new UsageException("Unknown option value for -r (expecting 'leaks' or 'all'): " + word);
        };
    }

    private static CheckReport examine(
            DiskImage image, Repairable.@Nullable Mode repair, Console console, boolean quiet)
            throws CommandException, IOException {
        if (repair == null) {
            return told(run(supported(() -> Check.of(image)), console), console);
        }
        Check.Repair result = run(supported(() -> Check.repair(image, repair)), console);
        told(result.report(), console);
        if (result.afterwards().isPresent()) {
            if (!quiet) {
                console.out().print(CheckText.repaired(result.report()));
            }
            told(result.afterwards().get(), console);
        }
        return result.outcome();
    }

    /** Makes a job. */
    @FunctionalInterface
    private interface Making<T> {
        Job<T> make() throws ImageException;
    }

    private static <T> Job<T> supported(Making<T> making) throws CommandException, ImageException {
        try {
            return making.make();
        } catch (ImageException refused) {
            if (refused.kind() == ErrorKind.UNSUPPORTED) {
                throw new CommandException(NO_CHECK, Failures.sentence(refused));
            }
            throw refused;
        }
    }

    private static <T> T run(Job<T> job, Console console) throws CommandException {
        try {
            return job.run();
        } catch (DamageException unreadable) {
            console.error(unreadable.getMessage());
            throw new CommandException("Check failed: " + reason(unreadable));
        } catch (CheckFailedException stopped) {
            told(stopped.report(), console);
            throw new CommandException("Check failed: Input/output error");
        } catch (IOException failed) {
            throw new CommandException("Check failed: " + Failures.sentence(failed));
        }
    }

    private static String reason(DamageException unreadable) {
        if (unreadable.getCause() instanceof ImageException cause) {
            if (cause.kind() == ErrorKind.LIMIT) {
                return "File too large";
            }
            if (cause.kind() == ErrorKind.BAD_OPTION) {
                return "Invalid argument";
            }
        }
        return "Input/output error";
    }

    private static CheckReport told(CheckReport report, Console console) {
        for (CheckReport.Finding finding : report.findings()) {
            console.plainError(finding.sentence());
        }
        if (report.findingsLeftOut() > 0) {
            console.plainError("... and " + report.findingsLeftOut() + " more");
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
