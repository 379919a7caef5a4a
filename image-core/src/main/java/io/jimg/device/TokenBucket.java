package io.jimg.device;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Lets so many bytes a second through. A bucket lets bursts pass: short ones, of a tenth of a second's bytes, or longer
 * ones that have a rate of their own; a request that is larger than the bucket goes at once and makes the next one
 * wait. Safe for many threads.
 */
public final class TokenBucket {
    private static final double SECOND = TimeUnit.SECONDS.toNanos(1);

    /** No bucket holds more: so nothing overflows. */
    private static final long LONGEST = TimeUnit.DAYS.toNanos(365);

    private static final long TENTH = TimeUnit.MILLISECONDS.toNanos(100);

    private final LongSupplier clock;

    /** What holds in the long run. Guarded by this, as is the other. */
    private final Meter lasting;

    /** What holds while a burst lasts; null where a burst may come at once. */
    private final @Nullable Meter burst;

    /**
     * A bucket that is full, and from which a tenth of a second's worth may be taken at once.
     *
     * @param perSecond bytes, or requests, a second; greater than zero
     */
    public TokenBucket(long perSecond) {
        this(perSecond, System::nanoTime);
    }

    TokenBucket(long perSecond, LongSupplier clock) {
        this(perSecond, 0, 1, clock);
    }

    /**
     * A bucket that is full, and holds a burst.
     *
     * @param perSecond bytes, or requests, a second; greater than zero
     * @param most what may go in a second of a burst; 0 for no bursts
     * @param seconds how long a burst lasts at that rate, at least 1; in a burst of 1 second all may go at once
     */
    public TokenBucket(long perSecond, long most, long seconds) {
        this(perSecond, most, seconds, System::nanoTime);
    }

    TokenBucket(long perSecond, long most, long seconds, LongSupplier clock) {
        if (perSecond <= 0 || most < 0 || seconds < 1) {
            throw new IllegalArgumentException(
                    "a rate of " + perSecond + " a second, for " + seconds + " seconds " + most);
        }
        this.clock = clock;
        long now = clock.getAsLong();
        this.lasting =
                new Meter(perSecond, most == 0 ? TENTH : (long) ((double) most * seconds / perSecond * SECOND), now);
        this.burst = most == 0 || seconds == 1 ? null : new Meter(most, TENTH, now);
    }

    /**
     * Waits until the bucket has recovered from what went before, and takes {@code tokens} out of it. An interrupt does
     * not end the wait.
     */
    public void pay(long tokens) {
        long start = charge(tokens);
        boolean interrupted = false;
        for (long wait = start - clock.getAsLong(); wait > 0; wait = start - clock.getAsLong()) {
            LockSupport.parkNanos(this, wait);
            interrupted |= Thread.interrupted();
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    /** The moment at which a request that comes now may go. */
    synchronized long charge(long tokens) {
        long now = clock.getAsLong();
        long start = lasting.start(now);
        Meter other = burst;
        if (other != null) {
            start = later(start, other.start(now));
            other.charge(later(now, start), tokens);
        }
        lasting.charge(later(now, start), tokens);
        return start;
    }

    private static long later(long one, long other) {
        return other - one > 0 ? other : one;
    }

    /** A rate that is kept but for what a bucket of some size takes. */
    private static final class Meter {
        private final double nanosecondsPerToken;
        private final long capacity;

        /** When all that went through so far will have been paid for. */
        private long paidUntil;

        /**
         * With an empty bucket.
         *
         * @param capacity the bucket's size, in the nanoseconds that it takes to fill it
         */
        Meter(long perSecond, long capacity, long now) {
            this.nanosecondsPerToken = SECOND / perSecond;
            this.capacity = Math.min(capacity, LONGEST);
            this.paidUntil = now - this.capacity;
        }

        long start(long now) {
            return later(now - capacity, paidUntil);
        }

        void charge(long now, long tokens) {
            paidUntil = start(now) + (long) (tokens * nanosecondsPerToken);
        }
    }
}
