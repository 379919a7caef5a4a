package io.jimg.qcow2.compression;

import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.host.deflate.DeflateLibrary;
import java.util.Locale;

/**
 * Which implementation of deflate is used. All read each other's streams; each makes other bytes of the same input, so
 * an output that must be the same on every machine needs a fixed choice.
 */
public enum DeflateChoice {
    /** libdeflate where it is installed and may be called, else the Java platform's. */
    AUTO,
    /** libdeflate. */
    LIBDEFLATE,
    /** The Java platform's, {@code java.util.zip}. */
    JAVA;

    /**
     * The choice that the system property {@code jimg.deflate} names: {@code auto}, {@code libdeflate} or {@code java};
     * auto where it is not set.
     */
    public static DeflateChoice configured() throws ImageException {
        String name = System.getProperty("jimg.deflate", "auto");
        for (DeflateChoice choice : values()) {
            if (choice.name().toLowerCase(Locale.ROOT).equals(name)) {
                return choice;
            }
        }
        throw new ImageException(
                ErrorKind.BAD_OPTION, "jimg.deflate is '" + name + "', but may be auto, libdeflate or java");
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
            case LIBDEFLATE ->
                DeflateLibrary.libdeflate()
                        .orElseThrow(() -> new ImageException(
                                ErrorKind.UNSUPPORTED, "libdeflate is not installed, or Java may not call it"));
        };
    }
}
