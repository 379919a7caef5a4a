package io.jimg.spi;

import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.concurrent.Semaphore;

/**
 * A bounded pool of direct buffers of one size, aligned for O_DIRECT. {@link #take} waits while all are out, which
 * bounds the memory of a pipeline. Safe for many threads.
 */
public final class BufferPool {
    private static final int ADDRESS_ALIGNMENT = 4096;

    private final int bufferSize;
    private final Semaphore available;
    private final ArrayDeque<ByteBuffer> idle = new ArrayDeque<>();

    /**
     * A pool that allocates as it is used.
     *
     * @param bufferSize bytes in each buffer
     * @param count how many there may be
     */
    public BufferPool(int bufferSize, int count) {
        this.bufferSize = bufferSize;
        this.available = new Semaphore(count);
    }

    /** A cleared buffer with unspecified content; waits while none is left. */
    public ByteBuffer take() {
        available.acquireUninterruptibly();
        synchronized (idle) {
            ByteBuffer buffer = idle.pollLast();
            if (buffer != null) {
                return buffer.clear();
            }
        }
        return AlignedBuffers.allocate(bufferSize, ADDRESS_ALIGNMENT);
    }

    /** Gives a buffer back that {@link #take} gave; the caller must not use it any more. */
    public void give(ByteBuffer buffer) {
        synchronized (idle) {
            idle.addLast(buffer);
        }
        available.release();
    }

    /** Bytes in each buffer. */
    public int bufferSize() {
        return bufferSize;
    }
}
