package io.jimg.device;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.LongSupplier;

/**
 * Lets so many bytes a second through. A bucket of a tenth of a second's bytes lets short bursts pass; a request that
 * is larger than the bucket goes at once and makes the next one wait. Safe for many threads.
 */
public final class TokenBucket {
    private static final long BURST_NANOSECONDS = TimeUnit.MILLISECONDS.toNanos(100);

    private final double nanosecondsPerByte;
    private final LongSupplier clock;
    /** When all that went through so far will have been paid for. Guarded by this. */
    private long paidUntil;

    /**
     * A bucket that is full.
     *
     * @param bytesPerSecond greater than zero
     */
    public TokenBucket(long bytesPerSecond) {
        this(bytesPerSecond, System::nanoTime);
    }

    TokenBucket(long bytesPerSecond, LongSupplier clock) {
        if (bytesPerSecond <= 0) {
            throw new IllegalArgumentException("a rate of " + bytesPerSecond + " bytes a second");
        }
        this.nanosecondsPerByte = (double) TimeUnit.SECONDS.toNanos(1) / bytesPerSecond;
        this.clock = clock;
        this.paidUntil = clock.getAsLong() - BURST_NANOSECONDS;
    }

    /**
     * Waits until the bucket has recovered from what went before, and takes {@code bytes} out of it. An interrupt does
     * not end the wait.
     */
    public void pay(long bytes) {
        long start = charge(bytes);
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
    synchronized long charge(long bytes) {
        long earliest = clock.getAsLong() - BURST_NANOSECONDS;
        long start = paidUntil - earliest > 0 ? paidUntil : earliest;
        paidUntil = start + (long) (bytes * nanosecondsPerByte);
        return start;
    }
}
