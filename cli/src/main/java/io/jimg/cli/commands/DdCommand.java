package io.jimg.cli.commands;

import io.jimg.CacheMode;
import io.jimg.DiskImage;
import io.jimg.ImageException;
import io.jimg.Job;
import io.jimg.all.AllFormats;
import io.jimg.cli.arguments.ImageSource;
import io.jimg.cli.arguments.SharedOptions;
import io.jimg.cli.arguments.SizeArgument;
import io.jimg.cli.getopt.Getopt;
import io.jimg.cli.getopt.OptionSpec;
import io.jimg.cli.getopt.UsageException;
import io.jimg.cli.process.CommandException;
import io.jimg.cli.process.Console;
import io.jimg.cli.process.Interrupt;
import io.jimg.ops.Convert;
import io.jimg.ops.Create;
import io.jimg.ops.CreationException;
import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** {@code dd}: copies blocks of an image to a new one. */
final class DdCommand implements Command {
    private static final int DEFAULT_BLOCK = 512;

    private static final List<OptionSpec> TABLE = List.of(
            SharedOptions.HELP,
            SharedOptions.FORMAT,
            SharedOptions.IMAGE_OPTS,
            OptionSpec.valued('O', "output_fmt", "format of the output (raw)").or("output-format"),
            SharedOptions.FORCE_SHARE,
            SharedOptions.OBJECT);

    private @Nullable String input;
    private @Nullable String output;
    private long block = DEFAULT_BLOCK;
    private long count = Long.MAX_VALUE;
    private long skip;

    @Override
    public List<OptionSpec> options() {
        return TABLE;
    }

    @Override
    public String operands() {
        return "[bs=BLOCK_SIZE] [count=BLOCKS] [skip=BLOCKS] if=INPUT of=OUTPUT";
    }

    @Override
    public String summary() {
        return "copy blocks of an image to a new one";
    }

    @Override
    public int run(Invocation invocation) throws UsageException, CommandException, IOException {
        Console console = invocation.console();
        ImageSource source = new ImageSource(console);
        @Nullable String sourceFormat = null;
        String format = "raw";
        Getopt words = invocation.options(this);
        String key;
        while ((key = words.next()) != null) {
            switch (key) {
                case "h" -> {
                    return HELP;
                }
                case "f" -> sourceFormat = words.argument();
                case "O" -> format = words.argument();
                default -> source.take(key, words);
            }
        }
        for (String operand : words.operands()) {
            take(operand);
        }
        if (input == null || output == null) {
            throw new CommandException("Must specify both input and output files");
        }
        try (DiskImage image = source.locate(input, sourceFormat).open()) {
            checkFormat(format);
            copy(console, image, input, new Create(AllFormats.images(), output).format(format), output);
        }
        return 0;
    }

    private static void checkFormat(String format) throws CommandException {
        if (AllFormats.images().formats().stream()
                .noneMatch(known -> known.name().equals(format))) {
            throw new CommandException("Unknown file format");
        }
    }

    /** The copy says where reading or writing failed, which dd does not. */
    private static ImageException inWordsOfDd(ImageException failed) {
        String sentence = failed.getMessage();
        String reason = sentence.substring(sentence.indexOf(": ") + 2);
        if (sentence.startsWith("error while reading ")) {
            return new ImageException(failed.kind(), "error while reading from input image file: " + reason, failed);
        }
        if (sentence.startsWith("error while writing ")) {
            return new ImageException(failed.kind(), "error while writing to output image file: " + reason, failed);
        }
        return failed;
    }

    /** An operand of the form {@code name=value}; of those that repeat the last one counts. */
    private void take(String operand) throws CommandException {
        int equals = operand.indexOf('=');
        String name = equals < 0 ? operand : operand.substring(0, equals);
        String value = equals < 0 ? "" : operand.substring(equals + 1);
        switch (equals < 0 ? "" : name) {
            case "if" -> input = value;
            case "of" -> output = value;
            case "bs" -> block = SizeArgument.parse("bs", value, 1, Integer.MAX_VALUE);
            case "count" -> count = SizeArgument.count("count", value, 0, Long.MAX_VALUE);
            case "skip" -> skip = SizeArgument.count("skip", value, 0, Long.MAX_VALUE);
            default -> throw new CommandException("unrecognized operand " + name);
        }
    }

    private void copy(Console console, DiskImage image, String name, Create create, String target)
            throws CommandException, IOException {
        // The blocks that are skipped are counted, too, as in qemu-img.
        long end = count > Long.MAX_VALUE / block ? image.size() : Math.min(image.size(), count * block);
        long start = skip > Long.MAX_VALUE / block ? Long.MAX_VALUE : skip * block;
        if (start > end) {
            console.error(name + ": cannot skip to specified offset");
            start = end;
        }
        try {
            Job<?> job = new Convert(image)
                    .range(start, end - start)
                    .sparseSize(0)
                    .cache(CacheMode.UNSAFE)
                    .toNew(create);
            Interrupt interrupt = new Interrupt(job);
            try {
                job.run();
            } finally {
                interrupt.end();
            }
        } catch (CreationException refused) {
            throw ImageException.wrap(refused).prefixed(target + ": error while creating output image: ");
        } catch (ImageException failed) {
            throw inWordsOfDd(failed);
        }
    }
}
