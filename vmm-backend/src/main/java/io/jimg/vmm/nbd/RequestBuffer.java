package io.jimg.vmm.nbd;

import io.jimg.spi.AlignedBuffers;
import java.nio.ByteBuffer;

/** One thread's buffer for payloads: it grows to what was asked of it, up to {@link #LARGEST}. */
final class RequestBuffer {
    /** The largest piece that a thread works on. */
    static final int LARGEST = 2 << 20;

    private static final int SMALLEST = 64 << 10;
    private static final int ADDRESS_ALIGNMENT = 4096;

    private ByteBuffer buffer = AlignedBuffers.allocate(SMALLEST, ADDRESS_ALIGNMENT);

    /**
     * Room for bytes.
     *
     * @param length at most {@link #LARGEST}
     * @return from position 0, with unspecified content; valid until the next call
     */
    ByteBuffer take(int length) {
        if (length > LARGEST) {
            throw new IllegalArgumentException("piece of " + length + " bytes");
        }
        if (length > buffer.capacity()) {
            int grown = Math.max(length, Math.min(LARGEST, 2 * buffer.capacity()));
            buffer = AlignedBuffers.allocate(grown, ADDRESS_ALIGNMENT);
        }
        return buffer.clear().limit(length);
    }
}
