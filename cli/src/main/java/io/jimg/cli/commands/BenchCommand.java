package io.jimg.cli.commands;

import io.jimg.CacheMode;
import io.jimg.DiskImage;
import io.jimg.cli.arguments.CacheModes;
import io.jimg.cli.arguments.ImageName;
import io.jimg.cli.arguments.ImageSource;
import io.jimg.cli.arguments.SharedOptions;
import io.jimg.cli.arguments.SizeArgument;
import io.jimg.cli.getopt.Getopt;
import io.jimg.cli.getopt.OptionSpec;
import io.jimg.cli.getopt.UsageException;
import io.jimg.cli.process.CommandException;
import io.jimg.cli.process.Console;
import io.jimg.cli.process.ErrorWords;
import io.jimg.ops.Bench;
import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** {@code bench}: how long many reads or writes take. */
final class BenchCommand implements Command {
    private static final List<OptionSpec> TABLE = List.of(
            SharedOptions.HELP,
            SharedOptions.FORMAT,
            SharedOptions.IMAGE_OPTS,
            OptionSpec.valued('t', "cache", "cache mode (writeback)").or("cache"),
            OptionSpec.valued('c', "count", "how many requests (75000)").or("count"),
            OptionSpec.valued('d', "depth", "how many at a time (64)").or("depth"),
            OptionSpec.valued('o', "offset", "where the first one starts (0)").or("offset"),
            OptionSpec.valued('s', "buffer_size", "bytes of each (4096)").or("buffer-size"),
            OptionSpec.valued('S', "step_size", "bytes from one to the next (as many as each has)")
                    .or("step-size"),
            OptionSpec.flag('w', "write instead of reading").or("write"),
            OptionSpec.valued("pattern", "pattern", "the byte that is written (0)"),
            OptionSpec.valued("flush-interval", "requests", "flush after so many writes"),
            OptionSpec.flag("no-drain", "flush without waiting for the writes under way"),
            OptionSpec.valued('i', "aio", "threads, native or io_uring: checked, without effect")
                    .or("aio"),
            OptionSpec.flag('n', "as -i native").or("native"),
            OptionSpec.flag('q', "accepted, without effect").or("quiet"),
            SharedOptions.FORCE_SHARE);

    private int count = Bench.DEFAULT_COUNT;
    private int depth = Bench.DEFAULT_DEPTH;
    private int size = Bench.DEFAULT_SIZE;
    private int step;
    private int flushInterval;
    private long offset;
    private byte pattern;
    private boolean write;
    private boolean drain = true;
    private boolean nativeAio;
    private CacheMode cache = CacheMode.WRITEBACK;

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
        return "measure how long reads or writes take";
    }

    @Override
    public int run(Invocation invocation) throws UsageException, CommandException, IOException {
        ImageSource source = new ImageSource(invocation.console());
        @Nullable String format = null;
        Getopt words = invocation.options(this);
        String key;
        while ((key = words.next()) != null) {
            switch (key) {
                case "h" -> {
                    return HELP;
                }
                case "f" -> format = words.argument();
                case "image-opts", "U" -> source.take(key, words);
                case "q" -> {
                    // The one line of figures is what the command is called for.
                }
                default -> take(key, words);
            }
        }
        String name = ImageName.only(words.operands());
        if (!write && flushInterval > 0) {
            throw new CommandException("--flush-interval is only available in write tests");
        }
        if (flushInterval > 0 && flushInterval < depth) {
            throw new CommandException("Flush interval can't be smaller than depth");
        }
        source.cache(cache);
        ImageSource.Located located = source.locate(name, format);
        if (nativeAio && !cache.direct()) {
            throw new CommandException("Could not open '" + name
                    + "': aio=native was specified, but it requires cache.direct=on, which was not specified.");
        }
        try (DiskImage image =
                located.with(located.options().withWritable(write)).open()) {
            measure(invocation.console(), image);
        }
        return 0;
    }

    private void take(String key, Getopt words) throws CommandException {
        switch (key) {
            case "t" -> {
                CacheMode mode = CacheModes.find(words.argument());
                if (mode == null) {
                    throw new CommandException("Invalid cache mode");
                }
                cache = mode;
            }
            case "c" -> count = count("request count", words, 1);
            case "d" -> depth = count("queue depth", words, 1);
            case "o" -> offset = SizeArgument.parse("offset", words.argument());
            case "s" -> size = number("buffer size", words, 1);
            case "S" -> step = number("step size", words, 0);
            case "w" -> write = true;
            case "pattern" -> pattern = (byte) SizeArgument.count("pattern byte", words.argument(), 0, 0xff);
            case "flush-interval" -> flushInterval = count("flush interval", words, 0);
            case "no-drain" -> drain = false;
            case "i" -> nativeAio |= isNative(words.argument());
            case "n" -> nativeAio = true;
            default -> throw new IllegalStateException(key);
        }
    }

    private static int number(String what, Getopt words, int least) throws CommandException {
        return (int) SizeArgument.parse(what, words.argument(), least, Integer.MAX_VALUE);
    }

    private static int count(String what, Getopt words, int least) throws CommandException {
        return (int) SizeArgument.count(what, words.argument(), least, Integer.MAX_VALUE);
    }

    private static boolean isNative(String mode) throws CommandException {
        return switch (mode) {
            case "native" -> true;
            case "threads", "io_uring" -> false;
            default -> throw new CommandException("Invalid aio option: " + mode);
        };
    }

    private void measure(Console console, DiskImage image) throws CommandException {
        Bench bench =
                new Bench(image).count(count).depth(depth).size(size).step(step).offset(offset);
        if (write) {
            bench.write(pattern).flushEvery(flushInterval, drain);
        }
        console.line("Sending " + count + (write ? " write" : " read") + " requests, " + size + " bytes each, " + depth
                + " in parallel (starting at offset " + offset + ", step size " + (step == 0 ? size : step) + ')');
        if (flushInterval > 0) {
            console.line("Sending flush every " + flushInterval + " requests");
        }
        console.flush();
        long nanoseconds;
        try {
            nanoseconds = bench.run();
        } catch (IOException failed) {
            throw new CommandException("Failed request: " + ErrorWords.of(console, failed));
        }
        long milliseconds = (nanoseconds + 500_000) / 1_000_000;
        console.line("Run completed in " + milliseconds / 1000 + '.'
                + Long.toString(1000 + milliseconds % 1000).substring(1) + " seconds.");
    }
}
