package io.jimg.capability;

import java.io.IOException;
import java.nio.ByteBuffer;

/** The place behind a guest's disk where an image keeps the state of a running machine. Safe for many threads. */
public interface VmState {

    /** Where it begins, counted in guest bytes from the disk's start; beyond the disk's end. */
    long offset();

    /**
     * Fills {@code destination} from its position to its limit; what was never written reads as zero.
     *
     * @param position in the state, in bytes
     */
    void read(ByteBuffer destination, long position) throws IOException;

    /**
     * Writes {@code source} from its position to its limit; the image grows as it must.
     *
     * @param position in the state, in bytes
     * @throws io.jimg.ImageException {@link io.jimg.ErrorKind#READ_ONLY}, {@link io.jimg.ErrorKind#LIMIT}
     */
    void write(ByteBuffer source, long position) throws IOException;
}
