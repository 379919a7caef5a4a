package io.jimg.cli;

import io.jimg.cli.getopt.Getopt;
import io.jimg.cli.getopt.OptionSpec;
import io.jimg.cli.getopt.UsageException;
import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** {@code convert}: copies images, or parts of their history, to another image. This class reads the words; {@link Converter} does what they say. */
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
        Converter converter = new Converter(invocation.console());
        boolean skipBroken = false;
        boolean sparseSizeGiven = false;
        Getopt words = invocation.options(this);
        String key;
        while ((key = words.next()) != null) {
            switch (key) {
                case "h" -> {
                    return Help.command(invocation, this);
                }
                case "f" -> converter.sourceFormat = words.argument();
                case "O" -> converter.format = words.argument();
                case "o" -> converter.options = OptionLists.append(converter.options, words.argument());
                case "B" -> converter.backing = words.argument();
                case "F" -> converter.backingFormat = words.argument();
                case "c" -> converter.compress = true;
                case "l" -> converter.snapshot = SnapshotChoice.parse(invocation.console(), words.argument());
                case "S" -> {
                    converter.sparseSize = sparseSize(words.argument());
                    sparseSizeGiven = true;
                }
                case "m" ->
                    converter.parallel =
                            (int) SizeArgument.parse("number of coroutines", words.argument(), 1, MOST_COROUTINES);
                case "W" -> converter.outOfOrder = true;
                case "C" -> converter.copyRange = true;
                case "r" -> converter.rate = SizeArgument.parse("rate limit", words.argument());
                case "t" -> converter.targetCache = words.argument();
                case "T" -> converter.sourceCache = words.argument();
                case "n" -> converter.targetExists = true;
                case "target-is-zero" -> converter.targetIsZero = true;
                case "target-image-opts" -> converter.targetImageOpts = true;
                case "salvage" -> converter.salvage = true;
                case "bitmaps" -> converter.bitmaps = true;
                case "skip-broken-bitmaps" -> skipBroken = true;
                case "p" -> converter.progress = true;
                case "q" -> converter.quiet = true;
                case "object" -> converter.source.define(words.argument());
                case "image-opts" -> converter.source.imageOpts();
                case "U" -> converter.source.forceShare();
                default -> throw new IllegalStateException(key);
            }
        }
        if (skipBroken && !converter.bitmaps) {
            throw new CommandException("Use of --skip-broken-bitmaps requires --bitmaps");
        }
        checkCombination(converter, sparseSizeGiven);
        List<String> operands = words.operands();
        @Nullable String target = operands.isEmpty() ? null : operands.get(operands.size() - 1);
        if (converter.options != null && OptionLists.asksForHelp(converter.options)) {
            CreateOptionsHelp.print(invocation.console(), converter.format, target);
            return 0;
        }
        if (target == null || operands.size() < 2) {
            throw new CommandException("Must specify image file name");
        }
        return converter.run(operands.subList(0, operands.size() - 1), target);
    }

    /** Refuses options that exclude each other, in the order in which qemu-img looks at them. */
    private static void checkCombination(Converter converter, boolean sparseSizeGiven) throws CommandException {
        if (converter.copyRange && converter.compress) {
            throw new CommandException("Cannot enable copy offloading when -c is used");
        }
        if (converter.copyRange && sparseSizeGiven) {
            throw new CommandException("Cannot enable copy offloading when -S is used");
        }
        if (converter.copyRange && converter.salvage) {
            throw new CommandException("Cannot use copy offloading in salvaging mode");
        }
        if (converter.targetExists && converter.options != null) {
            throw new CommandException("-o has no effect when skipping image creation");
        }
        if (converter.targetImageOpts && !converter.targetExists) {
            throw new CommandException("--target-image-opts requires use of -n flag");
        }
        if (converter.targetIsZero && !converter.targetExists) {
            throw new CommandException("--target-is-zero requires use of -n flag");
        }
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
