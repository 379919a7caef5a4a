package io.jimg.copy;

import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Lets threads do something one after the other in the order of their numbers. Waiting cannot be interrupted, but given
 * up.
 */
final class Turns {
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private long now;
    private boolean givenUp;

    /**
     * Waits for a turn.
     *
     * @return false if {@link #giveUp} was called
     */
    boolean await(long turn) {
        lock.lock();
        try {
            while (now != turn && !givenUp) {
                changed.awaitUninterruptibly();
            }
            return !givenUp;
        } finally {
            lock.unlock();
        }
    }

    /** Ends the turn, and the next begins. */
    void end() {
        lock.lock();
        try {
            now++;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** No turn will come any more. */
    void giveUp() {
        lock.lock();
        try {
            givenUp = true;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }
}
