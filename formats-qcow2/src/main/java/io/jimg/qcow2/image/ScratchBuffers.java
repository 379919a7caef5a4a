package io.jimg.qcow2.image;

import io.jimg.spi.AlignedBuffers;
import java.nio.ByteBuffer;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Direct buffers for the length of one request, kept for reuse: allocating direct memory is slow. Never waits (a
 * request may need a second buffer while it holds one), so the number in use is bounded by the threads, and what is
 * kept idle by a constant.
 */
final class ScratchBuffers {
    private static final int ADDRESS_ALIGNMENT = 4096;
    private static final int MAXIMUM_IDLE = 8;
    private static final int LARGEST_KEPT = 4 << 20;

    private final int usualSize;
    private final ConcurrentLinkedDeque<ByteBuffer> idle = new ConcurrentLinkedDeque<>();
    private final AtomicInteger idleCount = new AtomicInteger();

    /**
     * No buffer yet.
     *
     * @param usualSize bytes that most requests need
     */
    ScratchBuffers(int usualSize) {
        this.usualSize = usualSize;
    }

    /** A buffer of unspecified content with {@code length} bytes from position 0 to limit. */
    ByteBuffer take(int length) {
        if (length <= usualSize) {
            ByteBuffer kept = idle.pollLast();
            if (kept != null) {
                idleCount.decrementAndGet();
                return kept.clear().limit(length);
            }
        }
        return AlignedBuffers.allocate(Math.max(length, usualSize), ADDRESS_ALIGNMENT)
                .limit(length);
    }

    /** Gives back what {@link #take} gave. */
    void give(ByteBuffer buffer) {
        if (buffer.capacity() == usualSize && usualSize <= LARGEST_KEPT && idleCount.get() < MAXIMUM_IDLE) {
            idleCount.incrementAndGet();
            idle.addLast(buffer);
        }
    }
}
