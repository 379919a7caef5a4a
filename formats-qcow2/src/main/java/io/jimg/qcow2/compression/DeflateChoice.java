package io.jimg.qcow2.compression;

import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.host.DeflateLibrary;
import java.util.Locale;

/**
 * Which implementation of deflate is used. All read each other's streams; each makes other bytes of the same input, so an output that must be the same on
 * every machine needs a fixed choice.
 */
public enum DeflateChoice {
    /** libdeflate where it is installed and may be called, else the Java platform's. */
    AUTO,
    /** libdeflate. */
    LIBDEFLATE,
    /** The Java platform's, {@code java.util.zip}. */
    JAVA;

    /** The name in options. */
    public String spelling() {
        return name().toLowerCase(Locale.ROOT);
    }

    /**
     * The implementation.
     *
     * @throws ImageException {@link ErrorKind#UNSUPPORTED} where it is not installed or may not be called
     */
    DeflateLibrary library() throws ImageException {
        return switch (this) {
            case AUTO -> DeflateLibrary.fastest();
            case JAVA -> DeflateLibrary.java();
            case LIBDEFLATE -> DeflateLibrary.libdeflate()
                    .orElseThrow(() -> new ImageException(
                            ErrorKind.UNSUPPORTED, "libdeflate is not installed, or Java may not call it"));
        };
    }
}
