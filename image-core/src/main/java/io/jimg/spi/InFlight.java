package io.jimg.spi;

import io.jimg.ErrorKind;
import io.jimg.ImageException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.LockSupport;

/**
 * Counts the requests in flight, so that closing waits for them. Entering and leaving share no cache line between threads: two striped counters, of which each only grows.
 */
final class InFlight {
    private static final long WAIT_NANOSECONDS = 50_000;

    private final LongAdder entered = new LongAdder();
    private final LongAdder left = new LongAdder();
    private final AtomicBoolean closing = new AtomicBoolean();

    /** Begins a request. */
    void enter() throws ImageException {
        entered.increment();
        if (closing.get()) {
            left.increment();
            throw new ImageException(ErrorKind.CLOSED, "The device is closed");
        }
    }

    /** Ends a request that began. */
    void leave() {
        left.increment();
    }

    /**
     * Lets no further request in and waits for those that are.
     *
     * @return whether this call was the first
     */
    boolean close() {
        if (!closing.compareAndSet(false, true)) {
            return false;
        }
        // Sums of growing counters: read in this order they are equal only if at some moment nothing was in flight.
        while (true) {
            long ended = left.sum();
            if (ended == entered.sum()) {
                return true;
            }
            LockSupport.parkNanos(WAIT_NANOSECONDS);
        }
    }
}
