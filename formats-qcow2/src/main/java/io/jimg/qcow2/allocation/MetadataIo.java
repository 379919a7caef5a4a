package io.jimg.qcow2.allocation;

import io.jimg.storage.StorageEvent;
import java.io.IOException;
import java.nio.ByteBuffer;

/** Reads and writes metadata on the host. Past the file's end there are zeroes. */
public interface MetadataIo {
    /** {@code length} bytes at a host offset, from position to limit. */
    ByteBuffer read(long hostOffset, int length) throws IOException;

    /** Writes the buffer from its position to its limit. */
    void write(ByteBuffer bytes, long hostOffset) throws IOException;

    /** Hears of what is done next; see {@link io.jimg.storage.Storage#about}. */
    default void about(StorageEvent event) throws IOException {}
}
