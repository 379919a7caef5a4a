package io.jimg.qcow2.allocation;

import java.util.concurrent.atomic.LongAdder;

/**
 * Tells when every request has ended that may still use what it saw before a moment.
 *
 * <p>Why: a request looks up where a cluster lies and then reads or writes there, without any lock. Meanwhile another
 * request may take the cluster out of the mapping. Were its host cluster given to someone else at once, the first
 * request would read, or worse overwrite, foreign bytes. So a cluster that has left the mapping is used again only
 * after a grace period: when all requests that were under way at that time are over. Requests never wait for this,
 * nobody does; whoever frees clusters asks now and then.
 *
 * <p>How: requests enter the current epoch. The epoch may advance by one only when nobody is left in the one before it,
 * so at most two are inhabited, and two pairs of striped counters suffice, which threads do not contend for. What left
 * the mapping in epoch {@code e} was last seen by requests of {@code e} or earlier, and these are all over when the
 * epoch has become {@code e + 2}.
 */
public final class GracePeriod {
    private final LongAdder[] entered = {new LongAdder(), new LongAdder()};
    private final LongAdder[] left = {new LongAdder(), new LongAdder()};
    private volatile long epoch;

    /** Creates one with nobody in it. */
    public GracePeriod() {}

    /**
     * Begins a request.
     *
     * @return for {@link #leave}
     */
    public long enter() {
        while (true) {
            long now = epoch;
            entered[(int) now & 1].increment();
            // Counted in an epoch that was current after the counting: whoever advances it later sees the count.
            if (epoch == now) {
                return now;
            }
            left[(int) now & 1].increment();
        }
    }

    /** Ends a request that {@link #enter} began. */
    public void leave(long token) {
        left[(int) token & 1].increment();
    }

    /** A mark for "now"; what left the mapping before this call is unseen once {@link #passed} says so. */
    public long mark() {
        return epoch;
    }

    /** Whether all requests that were under way at a mark are over. Advances the epoch as far as that is possible. */
    public synchronized boolean passed(long mark) {
        while (epoch < mark + 2) {
            int before = (int) (epoch - 1) & 1;
            // Both only grow; read in this order they are equal only if nobody was inside in between.
            long gone = left[before].sum();
            if (gone != entered[before].sum()) {
                return false;
            }
            epoch = epoch + 1;
        }
        return true;
    }
}
