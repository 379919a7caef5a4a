package io.jimg.qcow2.header;

import io.jimg.capability.CompressedRuns;
import java.util.Locale;

/** How compressed clusters are compressed (specification: "Additional fields", byte 104). */
public enum CompressionType {
    /** Raw deflate, RFC 1951; QEMU calls it zlib. */
    ZLIB(CompressedRuns.DEFLATE),
    /** Zstandard frames, RFC 8878. */
    ZSTD(CompressedRuns.ZSTD);

    private final String codec;

    CompressionType(String codec) {
        this.codec = codec;
    }

    /** The codec's name in {@link CompressedRuns}. */
    public String codec() {
        return codec;
    }

    /** The number in the header. */
    int number() {
        return ordinal();
    }

    /** The name in options and in {@code info}. */
    public String spelling() {
        return name().toLowerCase(Locale.ROOT);
    }
}
