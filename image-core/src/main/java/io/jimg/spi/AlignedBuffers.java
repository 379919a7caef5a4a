package io.jimg.spi;

import java.nio.ByteBuffer;

/** Direct buffers whose address is aligned, as O_DIRECT wants them. */
public final class AlignedBuffers {
    private AlignedBuffers() {}

    /**
     * A fresh direct buffer.
     *
     * @param capacity bytes
     * @param alignment of the address, a power of two
     */
    public static ByteBuffer allocate(int capacity, int alignment) {
        if (alignment <= Long.BYTES) {
            return ByteBuffer.allocateDirect(capacity);
        }
        int rounded = Math.toIntExact((capacity + (long) alignment - 1) & -alignment);
        return ByteBuffer.allocateDirect(Math.addExact(rounded, alignment))
                .alignedSlice(alignment)
                .limit(capacity)
                .slice();
    }
}
