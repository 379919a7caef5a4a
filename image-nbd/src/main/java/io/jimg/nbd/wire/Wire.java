package io.jimg.nbd.wire;

import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * Bytes in both directions. One thread reads and one writes at a time, which may be two. A thread that is interrupted
 * goes on as if it were not, and its flag stays as it was. Closing ends what waits, with an exception.
 */
public interface Wire extends AutoCloseable {

    /**
     * Fills a buffer from its position to its limit.
     *
     * @throws java.io.EOFException where the other side ended before
     */
    void read(ByteBuffer destination) throws IOException;

    /** Writes all of these buffers from their positions to their limits. */
    void write(ByteBuffer... sources) throws IOException;

    /**
     * Says that nothing more will be written, where the wire has words for it. Like a write: by one thread at a time.
     */
    default void finish() throws IOException {}

    /** Ends it; idempotent. */
    @Override
    void close();
}
