package io.jimg.storage;

import java.io.IOException;
import java.nio.ByteBuffer;

/** Positioned reads and writes of a file, whole ones. For many threads. */
interface FileBytes {
    /**
     * Reads until the buffer is full or the file ends.
     *
     * @param destination its position moves behind what was read
     */
    void read(ByteBuffer destination, long offset) throws IOException;

    /** Writes all of the buffer. */
    void write(ByteBuffer source, long offset) throws IOException;
}
