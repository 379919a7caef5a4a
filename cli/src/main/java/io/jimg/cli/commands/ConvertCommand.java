package io.jimg.cli.commands;

import io.jimg.cli.arguments.OptionLists;
import io.jimg.cli.arguments.SharedOptions;
import io.jimg.cli.arguments.SizeArgument;
import io.jimg.cli.arguments.SnapshotChoice;
import io.jimg.cli.getopt.Getopt;
import io.jimg.cli.getopt.OptionSpec;
import io.jimg.cli.getopt.UsageException;
import io.jimg.cli.process.CommandException;
import io.jimg.cli.text.CreateOptionsHelp;
import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * {@code convert}: copies images, or parts of their history, to another image. This class reads the words;
 * {@link Converter} does what they say.
 */
final class ConvertCommand implements Command {
    private static final int LARGEST_SPARSE_SIZE = 16 << 20;
    private static final int SECTOR = 512;
    private static final int MOST_COROUTINES = 16;

    private static final List<OptionSpec> TABLE = List.of(
            SharedOptions.HELP,
            OptionSpec.valued('f', "fmt", "format of the image; found by content if not stated"),
            OptionSpec.valued('O', "output_fmt", "format of the output (raw)"),
            CreateCommand.OPTIONS,
            OptionSpec.valued('B', "backing_file", "image beneath the output"),
            OptionSpec.valued('F', "backing_fmt", "format of that image"),
            OptionSpec.flag('c', "compress the output"),
            OptionSpec.valued('l', "snapshot_param", "convert this internal snapshot of the image"),
            OptionSpec.valued('S', "sparse_size", "leave out runs of so many zero bytes (4k); 0 writes every byte"),
            OptionSpec.valued('m', "num_coroutines", "work on so many requests at once (8)"),
            OptionSpec.flag('W', "write in any order"),
            OptionSpec.flag('C', "let the host copy the data where it can"),
            OptionSpec.valued('r', "rate_limit", "copy at most so many bytes a second"),
            OptionSpec.valued('t', "cache", "cache mode for writing (unsafe)"),
            SharedOptions.SOURCE_CACHE,
            OptionSpec.flag('n', "write to an image that is there"),
            OptionSpec.flag("target-is-zero", "with -n: the output is known to read as zeroes"),
            OptionSpec.flag("target-image-opts", "with -n: read OUTPUT_FILENAME as a list of options"),
            OptionSpec.flag("salvage", "go on where the image cannot be read"),
            OptionSpec.flag("bitmaps", "copy persistent bitmaps too"),
            OptionSpec.flag("skip-broken-bitmaps", "with --bitmaps: leave out inconsistent ones"),
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
        return "FILENAME [FILENAME2 [...]] OUTPUT_FILENAME";
    }

    @Override
    public String summary() {
        return "copy an image to another format, or several into one";
    }

    @Override
    public int run(Invocation invocation) throws UsageException, CommandException, IOException {
        ConvertRequest request = new ConvertRequest(invocation.console());
        Getopt words = invocation.options(this);
        String key;
        while ((key = words.next()) != null) {
            switch (key) {
                case "h" -> {
                    return HELP;
                }
                case "f" -> request.sourceFormat = words.argument();
                case "O" -> {
                    request.format = words.argument();
                    request.formatGiven = true;
                }
                case "o" -> request.options = OptionLists.append(request.options, words.argument());
                case "B" -> request.backing = words.argument();
                case "F" -> request.backingFormat = words.argument();
                case "c" -> request.compress = true;
                case "l" -> request.snapshot = SnapshotChoice.parse(invocation.console(), words.argument());
                case "S" -> {
                    request.sparseSize = sparseSize(words.argument());
                    request.sparseSizeGiven = true;
                }
                case "m" ->
                    request.parallel =
                            (int) SizeArgument.count("number of coroutines", words.argument(), 1, MOST_COROUTINES);
                case "W" -> request.outOfOrder = true;
                case "C" -> request.copyRange = true;
                case "r" -> request.rate = SizeArgument.parse("rate limit", words.argument());
                case "t" -> request.targetCache = words.argument();
                case "T" -> request.sourceCache = words.argument();
                case "n" -> request.targetExists = true;
                case "target-is-zero" -> request.targetIsZero = true;
                case "target-image-opts" -> request.targetImageOpts = true;
                case "salvage" -> request.salvage = true;
                case "bitmaps" -> request.bitmaps = true;
                case "skip-broken-bitmaps" -> request.skipBrokenBitmaps = true;
                case "p" -> request.progress = true;
                case "q" -> request.quiet = true;
                default -> request.source.take(key, words);
            }
        }
        request.check();
        List<String> operands = words.operands();
        @Nullable String target = operands.isEmpty() ? null : operands.get(operands.size() - 1);
        if (request.options != null && OptionLists.asksForHelp(request.options)) {
            CreateOptionsHelp.print(invocation.console(), request.format, target);
            return 0;
        }
        if (target == null || operands.size() < 2) {
            throw new CommandException("Must specify image file name");
        }
        return new Converter(invocation.console(), request).run(operands.subList(0, operands.size() - 1), target);
    }

    private static int sparseSize(String word) throws CommandException {
        long size = SizeArgument.parse("buffer size for sparse output", word);
        if (size % SECTOR != 0 || size > LARGEST_SPARSE_SIZE) {
            throw new CommandException("Invalid buffer size for sparse output specified. Valid sizes are multiples of "
                    + SECTOR + " up to " + LARGEST_SPARSE_SIZE
                    + ". Select 0 to disable sparse detection (fully allocates output).");
        }
        return (int) size;
    }
}
