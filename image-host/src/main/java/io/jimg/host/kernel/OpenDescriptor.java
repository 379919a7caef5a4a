package io.jimg.host.kernel;

import java.io.IOException;
import java.nio.channels.ClosedChannelException;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.LockSupport;

/**
 * A file descriptor's number, which nobody uses once it is closed: by then it may be another file's. For many threads.
 *
 * <p>Those that use it share no cache line with each other: two striped counters, of which each only grows. With a lock
 * that readers share, two threads that read small blocks of one file are hardly faster than one.
 */
public final class OpenDescriptor {
    private static final long WAIT_NANOSECONDS = 50_000;

    /** What is done with a number. */
    @FunctionalInterface
    public interface Use {
        /** Does it. */
        long of(int number) throws IOException;
    }

    private final Kernel kernel;
    private final int number;
    private final LongAdder begun = new LongAdder();
    private final LongAdder ended = new LongAdder();
    private volatile boolean closed;

    /** Takes a descriptor over. */
    public OpenDescriptor(Kernel kernel, int number) {
        this.kernel = kernel;
        this.number = number;
    }

    /**
     * Uses the number; it stays open meanwhile.
     *
     * @return what the use returns
     * @throws ClosedChannelException if it is closed, or about to be
     */
    public long use(Use what) throws IOException {
        int open = begin();
        try {
            return what.of(open);
        } finally {
            end();
        }
    }

    /**
     * {@return the number, which stays open until {@link #end}}
     *
     * @throws ClosedChannelException if it is closed, or about to be; nothing is to be ended then
     */
    public int begin() throws ClosedChannelException {
        begun.increment();
        // Looked at after the counting: whoever closes it later sees the count.
        if (closed) {
            ended.increment();
            throw new ClosedChannelException();
        }
        return number;
    }

    /** Ends a use that {@link #begin} began. */
    public void end() {
        ended.increment();
    }

    /**
     * Closes it, after the uses under way.
     *
     * @return what the kernel answers; 0 if it was closed before
     */
    public synchronized long close() {
        if (closed) {
            return 0;
        }
        closed = true;
        // Read in this order the sums are equal only if at some moment nobody used it.
        for (long over = ended.sum(); over != begun.sum(); over = ended.sum()) {
            LockSupport.parkNanos(WAIT_NANOSECONDS);
        }
        return kernel.call(SystemCall.CLOSE, number, 0, 0, 0, 0, 0);
    }
}
