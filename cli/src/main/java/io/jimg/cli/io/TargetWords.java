package io.jimg.cli.io;

import io.jimg.CacheMode;
import io.jimg.cli.arguments.CacheModes;
import io.jimg.cli.getopt.OptionSpec;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The options that say how an image is opened, which the program and its command {@code open} share. */
final class TargetWords {
    static final OptionSpec READ_ONLY = OptionSpec.flag('r', "open the image for reading only");
    static final OptionSpec SNAPSHOT = OptionSpec.flag('s', "throw away at the end what is written");
    static final OptionSpec COPY_ON_READ = OptionSpec.flag('C', "keep what is read from a backing file");
    static final OptionSpec NO_CACHE = OptionSpec.flag('n', "pass the host's cache by, as -t none does");
    static final OptionSpec FORCE_SHARE = OptionSpec.flag('U', "open although another process may write the image");
    static final OptionSpec KERNEL_AIO = OptionSpec.flag('k', "accepted where -n is given, without effect");
    static final OptionSpec AIO =
            OptionSpec.valued('i', "mode", "threads, native or io_uring: accepted, without effect");
    static final OptionSpec CACHE = OptionSpec.valued('t', "cache", "how the host's cache is used");
    static final OptionSpec DISCARD = OptionSpec.valued('d', "discard", "unmap passes discards on, ignore drops them");

    /** All of them, in the order of help. */
    static final List<OptionSpec> ALL =
            List.of(READ_ONLY, SNAPSHOT, COPY_ON_READ, NO_CACHE, FORCE_SHARE, KERNEL_AIO, AIO, CACHE, DISCARD);

    private Target target = Target.PLAIN;
    private boolean kernelAio;

    /**
     * Takes one of them.
     *
     * @param argument what {@code -i}, {@code -t} or {@code -d} says
     * @return whether it was one of them
     */
    boolean take(String key, @Nullable String argument) throws IoFailure {
        switch (key) {
            case "r" -> target = target.with(target.options().withWritable(false));
            case "s" -> target = target.withSnapshot();
            case "C" -> target = target.withCopyOnRead();
            case "n" -> target = target.with(CacheMode.NONE);
            case "U" -> target = target.with(target.options().withForceShare(true));
            case "k" -> kernelAio = true;
            case "i" -> aio(String.valueOf(argument));
            case "t" -> target = target.with(cache(String.valueOf(argument)));
            case "d" -> target = target.withDiscards(discards(String.valueOf(argument)));
            default -> {
                return false;
            }
        }
        return true;
    }

    private void aio(String mode) throws IoFailure {
        switch (mode) {
            case "native" -> kernelAio = true;
            case "threads", "io_uring" -> kernelAio = false;
            default -> throw IoFailure.complaint("Invalid aio option: " + mode);
        }
    }

    /** A word of {@code -t} as a cache mode. */
    static CacheMode cache(String word) throws IoFailure {
        CacheMode mode = CacheModes.find(word);
        if (mode == null) {
            throw IoFailure.complaint("Invalid cache option: " + word);
        }
        return mode;
    }

    private static boolean discards(String word) throws IoFailure {
        return switch (word) {
            case "unmap", "on" -> true;
            case "ignore", "off" -> false;
            default -> throw IoFailure.complaint("Invalid discard option: " + word);
        };
    }

    /** What was asked for, without name, format and drivers' options. */
    Target target() {
        return target;
    }

    /** Refuses what does not go together once the target is known. */
    void check(Target complete) throws IoFailure {
        if (kernelAio && !complete.options().cache().direct()) {
            throw IoFailure.complaint("can't open" + complete.words()
                    + ": aio=native was specified, but it requires cache.direct=on, which was not specified.");
        }
    }
}
