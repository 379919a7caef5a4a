package io.jimg.host.deflate;

import java.nio.ByteBuffer;

/** A compressor to raw DEFLATE streams (no zlib or gzip frame), for one thread at a time. */
public interface RawDeflater extends AutoCloseable {
    /**
     * Compresses a whole buffer into one stream, if that fits.
     *
     * @param input what to compress, from its position to its limit
     * @param output where the stream goes, from its position to its limit
     * @return true if the stream is in {@code output}, and both positions are behind what was used; false if it would
     *     be longer than what remains of {@code output}: both positions are as they were, bytes of {@code output} may
     *     have changed
     * @throws java.nio.ReadOnlyBufferException if {@code output} is read-only
     */
    boolean deflate(ByteBuffer input, ByteBuffer output);

    /** Frees the memory that it holds outside of Java. Again: nothing. */
    @Override
    void close();
}
