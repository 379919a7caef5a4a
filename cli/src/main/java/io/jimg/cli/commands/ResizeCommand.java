package io.jimg.cli.commands;

import io.jimg.DiskImage;
import io.jimg.Job;
import io.jimg.OptionType;
import io.jimg.capability.Resizable.Preallocation;
import io.jimg.cli.arguments.ImageSource;
import io.jimg.cli.arguments.SharedOptions;
import io.jimg.cli.getopt.Getopt;
import io.jimg.cli.getopt.OptionSpec;
import io.jimg.cli.getopt.UsageException;
import io.jimg.cli.process.CommandException;
import io.jimg.cli.process.Console;
import io.jimg.cli.process.Interrupt;
import io.jimg.ops.Resize;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** {@code resize}: another size for an image's disk. */
final class ResizeCommand implements Command {
    private static final OptionSpec PREALLOCATION =
            OptionSpec.valued("preallocation", "off|metadata|falloc|full", "what is reserved of the new part (off)");
    private static final OptionSpec SHRINK =
            OptionSpec.flag("shrink", "allow the disk to become smaller, which loses its end");

    private static final List<OptionSpec> TABLE = List.of(
            SharedOptions.HELP,
            SharedOptions.QUIET.or("quiet"),
            SharedOptions.FORMAT,
            SharedOptions.IMAGE_OPTS,
            SHRINK,
            PREALLOCATION,
            SharedOptions.OBJECT);

    private static final Set<String> TAKE_NEXT_WORD = Set.of("-f", "--format", "--preallocation", "--object");

    @Override
    public List<OptionSpec> options() {
        return TABLE;
    }

    @Override
    public String operands() {
        return "FILENAME [+|-]SIZE";
    }

    @Override
    public String summary() {
        return "give an image's disk another size";
    }

    @Override
    public int run(Invocation invocation) throws UsageException, CommandException, IOException {
        Console console = invocation.console();
        ImageSource source = new ImageSource(console);
        @Nullable String format = null;
        Preallocation preallocation = Preallocation.OFF;
        boolean shrink = false;
        boolean quiet = false;
        List<String> plain = new ArrayList<>(invocation.words());
        @Nullable String size = takeNegativeSize(plain);
        Getopt words = new Invocation(console, invocation.name(), plain, invocation.order()).options(this);
        String key;
        while ((key = words.next()) != null) {
            switch (key) {
                case "h" -> {
                    return HELP;
                }
                case "q" -> quiet = true;
                case "f" -> format = words.argument();
                case "shrink" -> shrink = true;
                case "preallocation" -> preallocation = parsePreallocation(words.argument());
                default -> source.take(key, words);
            }
        }
        List<String> operands = new ArrayList<>(words.operands());
        if (size != null) {
            operands.add(size);
        }
        if (operands.size() < 2) {
            throw new UsageException("Expecting image file name and size");
        }
        if (operands.size() > 2) {
            throw new UsageException("Extra argument(s) in command line");
        }
        Change change = Change.parse(operands.get(1));
        ImageSource.Located located = source.locate(operands.get(0), format);
        try (DiskImage image =
                located.with(located.options().withWritable(true)).open()) {
            resize(console, image, change, preallocation, shrink);
        }
        if (!quiet) {
            console.line("Image resized.");
        }
        return 0;
    }

    /** A size that is taken off looks like an option; directly behind the file's name it is none. */
    private static @Nullable String takeNegativeSize(List<String> words) {
        for (int i = 1; i < words.size() && !words.get(i).equals("--"); i++) {
            boolean negative = words.get(i).matches("-[0-9].*");
            boolean behindName =
                    !words.get(i - 1).startsWith("-") && (i < 2 || !TAKE_NEXT_WORD.contains(words.get(i - 2)));
            if (negative && behindName) {
                return words.remove(i);
            }
        }
        return null;
    }

    private static Preallocation parsePreallocation(String word) throws CommandException {
        for (Preallocation mode : Preallocation.values()) {
            if (mode.text().equals(word)) {
                return mode;
            }
        }
        throw new CommandException("Invalid preallocation mode '" + word + "'");
    }

    private static void resize(
            Console console, DiskImage image, Change change, Preallocation preallocation, boolean shrink)
            throws CommandException, IOException {
        long newSize = change.of(image.size());
        if (newSize > 0 && newSize < image.size() && !shrink && preallocation == Preallocation.OFF) {
            console.error("Use the --shrink option to perform a shrink operation.");
            throw new CommandException("warning: Shrinking an image will delete all data beyond the shrunken image's"
                    + " end. Before performing such an operation, make sure there is no important data there.");
        }
        Job<Long> job = Resize.of(image, newSize)
                .preallocation(preallocation)
                .shrink(shrink)
                .job();
        Interrupt interrupt = new Interrupt(job);
        try {
            job.run();
        } finally {
            interrupt.end();
        }
    }

    /**
     * A size, or what is added to it or taken off.
     *
     * @param sign 1, -1, or 0 for a size as it is
     * @param bytes unsigned
     */
    private record Change(int sign, long bytes) {
        static Change parse(String word) throws IOException {
            int sign = word.startsWith("+") ? 1 : word.startsWith("-") ? -1 : 0;
            return new Change(sign, OptionType.UNSIGNED_SIZE.parse("size", sign == 0 ? word : word.substring(1)));
        }

        /** The new size in 64 bits, as QEMU adds: not positive where it would be too large. */
        long of(long size) {
            return sign == 0 ? bytes : size + sign * bytes;
        }
    }
}
