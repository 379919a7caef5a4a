package io.jimg.capability;

import java.io.IOException;
import java.nio.ByteBuffer;

/** Access to compressed runs as they are stored, so that a copy need not deflate again. Safe for many threads. */
public interface CompressedRuns {

    /** Raw deflate (RFC 1951). */
    String DEFLATE = "deflate";

    /** Zstandard frames (RFC 8878). */
    String ZSTD = "zstd";

    /** The codec of every compressed run of the image. */
    String codec();

    /** Guest bytes in one run; the last run of the disk stands for as many, too. */
    int runLength();

    /**
     * Reads the run that starts at a guest offset, verifies it by decompressing it once, and gives exactly its bytes:
     * nothing past the stream's end.
     *
     * @param guestOffset start of a compressed run of this layer, as {@link io.jimg.BlockDevice#extentAt} told
     * @param plain is filled with the run's {@link #runLength()} guest bytes
     * @param stream is filled with the stream, from its position; must have room for {@link #runLength()} bytes
     * @return whether there was a compressed run; false leaves both unspecified
     * @throws io.jimg.ImageException {@link io.jimg.ErrorKind#CORRUPT} where it does not decompress
     */
    boolean readRun(long guestOffset, ByteBuffer plain, ByteBuffer stream) throws IOException;
}
