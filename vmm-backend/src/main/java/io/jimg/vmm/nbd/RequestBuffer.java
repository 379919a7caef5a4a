package io.jimg.vmm.nbd;

import io.jimg.spi.AlignedBuffers;
import java.nio.ByteBuffer;
import java.util.concurrent.atomic.AtomicLong;

/**
 * One thread's buffer for payloads: it grows to what was asked of it, up to {@link #LARGEST}, as long as all of these
 * buffers together take less than half of the memory that the JVM may have; then longer payloads go through it in
 * pieces.
 */
final class RequestBuffer implements AutoCloseable {
    /** The largest piece that a thread works on. */
    static final int LARGEST = 2 << 20;

    private static final int SMALLEST = 64 << 10;
    private static final int ADDRESS_ALIGNMENT = 4096;
    private static final AtomicLong LEFT = new AtomicLong(Runtime.getRuntime().maxMemory() / 2);

    private ByteBuffer buffer = AlignedBuffers.allocate(SMALLEST, ADDRESS_ALIGNMENT);
    private int reserved;

    /**
     * Room for bytes.
     *
     * @param wanted more than none
     * @return room for that many bytes, or for fewer where there is no memory for them; from position 0, with
     *     unspecified content; valid until the next call
     */
    ByteBuffer take(long wanted) {
        int length = (int) Math.min(wanted, LARGEST);
        if (length > buffer.capacity()) {
            grow(Math.max(length, Math.min(LARGEST, 2 * buffer.capacity())));
        }
        return buffer.clear().limit(Math.min(length, buffer.capacity()));
    }

    private void grow(int capacity) {
        if (LEFT.addAndGet(reserved - capacity) < 0) {
            LEFT.addAndGet(capacity - reserved);
            return;
        }
        reserved = capacity;
        buffer = AlignedBuffers.allocate(capacity, ADDRESS_ALIGNMENT);
    }

    /** Leaves its memory to others; it is not used afterwards. */
    @Override
    public void close() {
        LEFT.addAndGet(reserved);
        reserved = 0;
    }
}
