package io.jimg.cli.arguments;

import io.jimg.CacheMode;
import org.jspecify.annotations.Nullable;

/** The words of {@code -t} and {@code -T}. */
public final class CacheModes {
    private CacheModes() {}

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
