package io.jimg.spi;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Exclusive locks on byte ranges: a range waits for those that overlap it and for no other. Waiting cannot be
 * interrupted.
 */
public final class RangeLock {

    /** A range that is locked until it is closed, by any thread. */
    public final class Held implements AutoCloseable {
        private final long start;
        private final long end;

        private Held(long start, long end) {
            this.start = start;
            this.end = end;
        }

        private boolean overlaps(long otherStart, long otherEnd) {
            return start < otherEnd && otherStart < end;
        }

        @Override
        public void close() {
            if (start == end) {
                return;
            }
            lock.lock();
            try {
                held.remove(this);
                released.signalAll();
            } finally {
                lock.unlock();
            }
        }
    }

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition released = lock.newCondition();
    private final List<Held> held = new ArrayList<>();
    private final Held nothing = new Held(0, 0);

    /** Nothing is locked yet. */
    public RangeLock() {}

    /**
     * Waits until no held range overlaps, and takes it.
     *
     * @param start first byte
     * @param length bytes; an empty range locks nothing
     */
    public Held lock(long start, long length) {
        if (length == 0) {
            return nothing;
        }
        Held wanted = new Held(start, start + length);
        lock.lock();
        try {
            while (overlapping(wanted)) {
                released.awaitUninterruptibly();
            }
            held.add(wanted);
            return wanted;
        } finally {
            lock.unlock();
        }
    }

    private boolean overlapping(Held wanted) {
        for (Held other : held) {
            if (other.overlaps(wanted.start, wanted.end)) {
                return true;
            }
        }
        return false;
    }
}
