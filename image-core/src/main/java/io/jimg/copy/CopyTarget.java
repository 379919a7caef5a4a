package io.jimg.copy;

import io.jimg.spi.ImageWriter.Placement;
import java.io.IOException;
import java.nio.ByteBuffer;

/** Where a copy goes to. */
interface CopyTarget {

    /** What pieces must begin on and, but for the end, be a multiple of. A power of two. */
    int unit();

    /**
     * Takes a piece. Called by one thread at a time, in guest order.
     *
     * @return what is left to do, on any thread
     */
    Placement place(Piece piece) throws IOException;

    /** Whether it takes pieces that are to be copied within the host. */
    boolean copies();

    /**
     * Compresses a run of one {@link #unit()}; safe for many threads.
     *
     * @return whether it became smaller
     */
    boolean compress(ByteBuffer source, ByteBuffer destination) throws IOException;

    /** Makes the copy whole and durable. */
    void finish() throws IOException;
}
