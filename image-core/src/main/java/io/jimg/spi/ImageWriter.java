package io.jimg.spi;

import io.jimg.storage.Storage;
import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * An image in the making that is written forwards, once: every call names a guest offset at or after the end of the
 * call before. What is skipped reads as zero, or as the backing file's bytes where the image has one.
 *
 * <p>{@link #data}, {@link #zero} and {@link #compressed} are called by one thread at a time, in guest order: they
 * decide where bytes go, so that the output does not depend on the number of threads. The {@link Placement} that they
 * return does the transfer; it may run on any thread, together with others, and must have run before {@link #finish}.
 */
public interface ImageWriter extends AutoCloseable {

    /** The transfer of bytes to their decided place. Runs once. */
    @FunctionalInterface
    interface Placement {
        /** Nothing to transfer. */
        Placement NONE = () -> {};

        /** Writes the bytes; the buffer given to the writer must be unchanged until this returns. */
        void write() throws IOException;
    }

    /**
     * The unit of guest bytes that data and zero must start on and, but for the end of the disk, be a multiple of. A
     * power of two.
     */
    int alignment();

    /**
     * Guest bytes of one compressed run: a multiple of {@link #alignment()}, and what compressed data must start on. A
     * power of two.
     */
    default int runLength() {
        return alignment();
    }

    /** Codecs and run length that {@link #compressed} takes. */
    default boolean accepts(String codec, int runLength) {
        return false;
    }

    /** Plain data from {@code source}'s position to its limit. */
    Placement data(long guestOffset, ByteBuffer source) throws IOException;

    /** Whether {@link #copy} can be called. */
    default boolean copies() {
        return false;
    }

    /**
     * Plain data that lies in a file of the host, to be copied there without passing through this process where the
     * host can do that.
     *
     * @param source the file, open until the placement has run
     * @param hostOffset the first byte in {@code source}
     * @param length bytes, as {@link #alignment} demands
     * @throws UnsupportedOperationException where the writer does not {@link #copies}
     */
    default Placement copy(long guestOffset, Storage source, long hostOffset, long length) throws IOException {
        throw new UnsupportedOperationException("this image does not copy within the host");
    }

    /** Zeroes, stated where it matters (over a backing file) and skipped where it does not. */
    void zero(long guestOffset, long length) throws IOException;

    /**
     * Compresses one run; safe for many threads.
     *
     * @param source exactly one run of {@link #runLength()} bytes, or the disk's shorter last one
     * @param destination where the stream goes, from its position
     * @return whether it became smaller than plain data; false leaves {@code destination} unspecified
     * @throws UnsupportedOperationException where the writer was not created for compression
     */
    default boolean compress(ByteBuffer source, ByteBuffer destination) throws IOException {
        throw new UnsupportedOperationException("this image takes no compressed data");
    }

    /** One compressed run, made by {@link #compress}. */
    default Placement compressed(long guestOffset, ByteBuffer stream) throws IOException {
        throw new UnsupportedOperationException("this image takes no compressed data");
    }

    /**
     * One compressed run that is carried over from an image whose codec and run length this writer {@link #accepts}.
     * The default takes it as its own.
     *
     * @param plain what the stream decompresses to, unchanged until the placement has run
     */
    default Placement carried(long guestOffset, ByteBuffer stream, ByteBuffer plain) throws IOException {
        return compressed(guestOffset, stream);
    }

    /**
     * Whether the image holds nothing but compressed runs, so that data is offered to {@link #compress} whether the
     * caller wants it or not.
     */
    default boolean compressesAlways() {
        return false;
    }

    /**
     * Writes what is left of the metadata and flushes; the image is whole afterwards. Called once, before
     * {@link #close()}.
     */
    void finish() throws IOException;

    /** Closes the storage. Without {@link #finish} before, what is left is no image. */
    @Override
    void close() throws IOException;
}
