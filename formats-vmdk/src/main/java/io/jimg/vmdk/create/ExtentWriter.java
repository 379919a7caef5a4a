package io.jimg.vmdk.create;

import io.jimg.spi.ImageWriter.Placement;
import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * An extent in the making, written forwards; offsets are bytes of the extent. See {@link io.jimg.spi.ImageWriter} for
 * who calls what.
 */
interface ExtentWriter extends AutoCloseable {
    /** Plain data. */
    Placement data(long offset, ByteBuffer source) throws IOException;

    /** Zeroes. */
    void zero(long offset, long length) throws IOException;

    /** Writes what is left, and flushes. */
    void finish() throws IOException;

    @Override
    void close() throws IOException;
}
