package io.jimg.capability;

import java.io.IOException;
import java.nio.ByteBuffer;

/** An image that has a place for the state of a running machine behind the guest's disk. */
public interface VmState {

    /** Where that place begins, counted in guest bytes from the disk's start; not before the disk's end. */
    long offset();

    /**
     * Fills a buffer from the state; what was never written reads as zeroes.
     *
     * @param position bytes from the state's beginning
     */
    void read(ByteBuffer destination, long position) throws IOException;

    /**
     * Writes a buffer to the state, which grows where it must.
     *
     * @param position bytes from the state's beginning
     * @throws io.jimg.ImageException {@link io.jimg.ErrorKind#READ_ONLY}, {@link io.jimg.ErrorKind#LIMIT} where the
     *     format has no place so far behind
     */
    void write(ByteBuffer source, long position) throws IOException;
}
