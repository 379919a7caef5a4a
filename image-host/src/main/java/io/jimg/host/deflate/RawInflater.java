package io.jimg.host.deflate;

import java.nio.ByteBuffer;

/** A decompressor of raw DEFLATE streams (no zlib or gzip frame), for one thread at a time. */
public interface RawInflater extends AutoCloseable {
    /** How decompressing ended. */
    enum End {
        /** With the end of the stream. */
        STREAM_END,

        /** With the output full and the stream not at its end. */
        OUTPUT_FULL,

        /** With the input used up and the stream not at its end. */
        INPUT_ENDED,

        /** With input that is no DEFLATE stream. */
        CORRUPT
    }

    /**
     * Decompresses one stream.
     *
     * @param input the stream, from its position on; bytes up to the limit that follow its end are left alone
     * @param output where its content goes, from its position to its limit
     * @return how it ended. After {@link End#STREAM_END} the positions are behind the stream and its content; otherwise
     *     {@code output}'s is behind what could be decompressed, and {@code input}'s as it was
     * @throws java.nio.ReadOnlyBufferException if {@code output} is read-only
     */
    End inflate(ByteBuffer input, ByteBuffer output);

    /** Frees the memory that it holds outside of Java. Again: nothing. */
    @Override
    void close();
}
