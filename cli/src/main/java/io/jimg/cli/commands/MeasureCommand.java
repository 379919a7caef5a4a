package io.jimg.cli.commands;

import io.jimg.DiskImage;
import io.jimg.Job;
import io.jimg.all.AllFormats;
import io.jimg.capability.Measurement;
import io.jimg.cli.arguments.ImageSource;
import io.jimg.cli.arguments.OptionLists;
import io.jimg.cli.arguments.OutputForm;
import io.jimg.cli.arguments.SharedOptions;
import io.jimg.cli.arguments.ShortForms;
import io.jimg.cli.arguments.SizeArgument;
import io.jimg.cli.arguments.SnapshotChoice;
import io.jimg.cli.getopt.Getopt;
import io.jimg.cli.getopt.OptionSpec;
import io.jimg.cli.getopt.UsageException;
import io.jimg.cli.process.CommandException;
import io.jimg.cli.process.Console;
import io.jimg.cli.process.Interrupt;
import io.jimg.ops.InvalidOptionsException;
import io.jimg.ops.Measure;
import io.jimg.spi.DottedOptions;
import io.jimg.spi.JsonWriter;
import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** {@code measure}: how large the file of an image would be. */
final class MeasureCommand implements Command {
    private static final List<OptionSpec> TABLE = List.of(
            SharedOptions.HELP,
            OptionSpec.valued('f', "fmt", "format of the image; found by content if not stated"),
            OptionSpec.valued('O', "output_fmt", "format of the new image (raw)"),
            CreateCommand.OPTIONS,
            OptionSpec.valued("size", "size", "measure an empty image of this size"),
            OptionSpec.valued('l', "snapshot_param", "measure a copy of this internal snapshot of the image"),
            SharedOptions.OUTPUT,
            SharedOptions.OBJECT,
            SharedOptions.IMAGE_OPTS,
            SharedOptions.FORCE_SHARE);

    private @Nullable String format;
    private String newFormat = "raw";
    private @Nullable String options;
    private @Nullable String size;
    private @Nullable SnapshotChoice snapshot;
    private boolean imageOpts;

    @Override
    public List<OptionSpec> options() {
        return TABLE;
    }

    @Override
    public String operands() {
        return "[FILENAME]";
    }

    @Override
    public String summary() {
        return "tell how large the file of a new image would be";
    }

    @Override
    public int run(Invocation invocation) throws UsageException, CommandException, IOException {
        Console console = invocation.console();
        ImageSource source = new ImageSource(console);
        OutputForm output = OutputForm.HUMAN;
        Getopt words = invocation.options(this);
        String key;
        while ((key = words.next()) != null) {
            switch (key) {
                case "h" -> {
                    return HELP;
                }
                case "f" -> format = words.argument();
                case "O" -> newFormat = words.argument();
                case "o" -> options = OptionLists.append(options, words.argument());
                case "size" -> {
                    size = words.argument();
                    SizeArgument.parse("image size", words.argument());
                }
                case "l" -> snapshot = SnapshotChoice.parse(console, words.argument());
                case "output" -> output = OutputForm.parse(words.argument());
                case "image-opts" -> {
                    imageOpts = true;
                    source.take(key, words);
                }
                default -> source.take(key, words);
            }
        }
        Measurement measured = measure(console, source, operand(words.operands()));
        if (output == OutputForm.JSON) {
            console.line(JsonWriter.pretty(measured.doc()));
        } else {
            console.line("required size: " + measured.required());
            console.line("fully allocated size: " + measured.fullyAllocated());
            measured.bitmaps().ifPresent(bytes -> console.line("bitmaps size: " + bytes));
        }
        return 0;
    }

    /** The name of the image to copy; null where an empty one is measured. */
    private @Nullable String operand(List<String> names) throws CommandException {
        if (names.size() > 1) {
            throw new CommandException("At most one filename argument is allowed.");
        }
        @Nullable String name = names.isEmpty() ? null : names.get(0);
        if (name == null && (imageOpts || format != null || snapshot != null)) {
            throw new CommandException("--image-opts, -f, and -l require a filename argument.");
        }
        if (name == null && size == null) {
            throw new CommandException("Either --size N or one filename must be specified.");
        }
        if (name != null && size != null) {
            throw new CommandException("--size N cannot be used together with a filename.");
        }
        return name;
    }

    private Measurement measure(Console console, ImageSource source, @Nullable String name)
            throws CommandException, IOException {
        if (name == null) {
            return run(console, measure(source).ofSize(SizeArgument.parse("image size", size == null ? "" : size)));
        }
        try (OpenSources opened = new OpenSources()) {
            DiskImage image = source.locate(name, format).open();
            opened.add(image);
            if (snapshot != null) {
                opened.replaceBySnapshot(snapshot);
            }
            return run(
                    console, measure(source).bitmapsOf(image).of(opened.images().get(0)));
        }
    }

    private Measure measure(ImageSource source) throws CommandException {
        DottedOptions list = options == null
                ? DottedOptions.EMPTY
                : DottedOptions.of(OptionLists.parse(options, null, ShortForms.ACCEPTED));
        return new Measure(AllFormats.images(), newFormat).options(list).secrets(source.secrets());
    }

    private Measurement run(Console console, Job<Measurement> job) throws CommandException, IOException {
        Interrupt interrupt = new Interrupt(job);
        try {
            return job.run();
        } catch (InvalidOptionsException wrong) {
            console.error(wrong.getMessage());
            throw new CommandException("Invalid options for file format '" + newFormat + "'");
        } finally {
            interrupt.end();
        }
    }
}
