package io.jimg.cli.arguments;

import io.jimg.CacheMode;
import io.jimg.cli.process.CommandException;
import org.jspecify.annotations.Nullable;

/** The words of {@code -t} and {@code -T}. */
public final class CacheModes {
    private CacheModes() {}

    /**
     * The mode that a word names.
     *
     * @param what what the word is for: "source cache option"
     * @throws CommandException if there is no such mode
     */
    public static CacheMode parse(String what, String word) throws CommandException {
        CacheMode mode = find(word);
        if (mode == null) {
            throw unknown(what, word);
        }
        return mode;
    }

    /** The refusal of a word that names no mode. */
    public static CommandException unknown(String what, String word) {
        return new CommandException("Invalid " + what + ": " + word);
    }

    /** The mode that a word names; null where it names none. */
    public static @Nullable CacheMode find(String word) {
        return switch (word) {
            case "none", "off" -> CacheMode.NONE;
            case "directsync" -> CacheMode.DIRECTSYNC;
            case "writeback" -> CacheMode.WRITEBACK;
            case "unsafe" -> CacheMode.UNSAFE;
            case "writethrough" -> CacheMode.WRITETHROUGH;
            default -> null;
        };
    }
}
