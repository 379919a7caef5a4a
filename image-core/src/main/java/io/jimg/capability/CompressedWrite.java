package io.jimg.capability;

import java.io.IOException;
import java.nio.ByteBuffer;

/** Writing compressed runs into an open image, where it holds nothing yet. Safe for many threads. */
public interface CompressedWrite {

    /** The codec of the image's compressed runs; see {@link CompressedRuns}. */
    String codec();

    /** Guest bytes in one run. */
    int runLength();

    /**
     * Compresses one run.
     *
     * @param source exactly {@link #runLength()} bytes, padded with zeroes at the disk's end; unchanged, position
     *     included
     * @param destination where the stream goes, from its position
     * @return whether it became smaller than plain data; false leaves {@code destination} unspecified
     */
    boolean compress(ByteBuffer source, ByteBuffer destination) throws IOException;

    /**
     * Writes one compressed run.
     *
     * @param guestOffset a multiple of {@link #runLength()}, inside the disk
     * @param stream a stream of the image's codec from position to limit, shorter than a run
     * @throws io.jimg.ImageException {@link io.jimg.ErrorKind#IO} where the run has a place in the image already, be it
     *     only reserved, since compressed data overwrites nothing
     */
    void writeCompressed(long guestOffset, ByteBuffer stream) throws IOException;
}
