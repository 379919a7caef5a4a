package io.jimg.spi;

import io.jimg.ErrorKind;
import io.jimg.ImageException;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Counts the requests in flight, so that closing waits for them, and so does whoever wants the device for itself.
 * Entering and leaving share no cache line between threads: two striped counters, of which each only grows.
 */
final class InFlight {
    private static final long WAIT_NANOSECONDS = 50_000;

    private enum State {
        OPEN,
        PAUSED,
        CLOSED
    }

    private final LongAdder entered = new LongAdder();
    private final LongAdder left = new LongAdder();
    private final ReentrantLock exclusive = new ReentrantLock();
    private volatile State state = State.OPEN;

    /** Begins a request; waits while the device is {@link #pause paused}. */
    void enter() throws ImageException {
        while (true) {
            entered.increment();
            State seen = state;
            if (seen == State.OPEN) {
                return;
            }
            left.increment();
            if (seen == State.CLOSED) {
                throw closed();
            }
            if (exclusive.isHeldByCurrentThread()) {
                throw new IllegalStateException("who has the device for itself must not wait for a request to it");
            }
            awaitResumption();
        }
    }

    private void awaitResumption() {
        exclusive.lock();
        try {
            // Who pauses the device holds the lock until it is resumed: nothing is left to wait for.
            return;
        } finally {
            exclusive.unlock();
        }
    }

    /** Ends a request that began. */
    void leave() {
        left.increment();
    }

    /** Waits for the requests that are in flight and holds back those that come, until {@link #resume}. */
    void pause() throws ImageException {
        exclusive.lock();
        if (state == State.CLOSED) {
            exclusive.unlock();
            throw closed();
        }
        state = State.PAUSED;
        awaitNone();
    }

    /** Ends what {@link #pause} began, on the same thread. */
    void resume() {
        state = State.OPEN;
        exclusive.unlock();
    }

    /**
     * Lets no further request in and waits for those that are.
     *
     * @return whether this call was the first
     */
    boolean close() {
        exclusive.lock();
        try {
            if (state == State.CLOSED) {
                return false;
            }
            state = State.CLOSED;
        } finally {
            exclusive.unlock();
        }
        awaitNone();
        return true;
    }

    private void awaitNone() {
        // Sums of growing counters: read in this order they are equal only if at some moment nothing was in flight.
        while (true) {
            long ended = left.sum();
            if (ended == entered.sum()) {
                return;
            }
            LockSupport.parkNanos(WAIT_NANOSECONDS);
        }
    }

    private static ImageException closed() {
        return new ImageException(ErrorKind.CLOSED, "The device is closed");
    }
}
