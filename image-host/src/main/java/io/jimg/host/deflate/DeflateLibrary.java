package io.jimg.host.deflate;

import io.jimg.host.file.HostFile;
import java.util.Optional;

/**
 * An implementation of the DEFLATE format (RFC 1951). Safe for use by several threads; the codecs that it makes belong
 * to one thread at a time.
 *
 * <p>Each compresses the same bytes at the same level to the same bytes every time; two implementations, or two
 * versions of one, need not agree.
 */
public interface DeflateLibrary {
    /** {@return the fastest one here: libdeflate where it is installed and may be called, else Java's} */
    static DeflateLibrary fastest() {
        return libdeflate().orElseGet(DeflateLibrary::java);
    }

    /**
     * {@return libdeflate, if it is installed and may be called: see {@link HostFile} for when the host's code may be}
     */
    static Optional<DeflateLibrary> libdeflate() {
        return Optional.ofNullable(Libdeflate.find());
    }

    /** {@return that of the Java platform, {@code java.util.zip}} */
    static DeflateLibrary java() {
        return ZipLibrary.INSTANCE;
    }

    /** {@return its name, for people: "libdeflate", "java.util.zip"} */
    String name();

    /** {@return the level that compresses most; 1 compresses fastest} */
    int highestLevel();

    /**
     * Makes a compressor.
     *
     * @param level 1 or more; above {@link #highestLevel()} means that one
     */
    RawDeflater newDeflater(int level);

    /** {@return a new decompressor} */
    RawInflater newInflater();
}
