package io.jimg.device;

import io.jimg.BlockDevice;
import io.jimg.WriteFlag;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.LongSupplier;

/**
 * A device whose reads and writes together move no more than so many bytes a second. Zeroes and discards are free. A bucket of a tenth of a second's bytes lets
 * short bursts through; a request that is larger than the bucket goes at once and makes the next one wait.
 */
public final class RateLimitedDevice extends ForwardingDevice {
    private static final long BURST_NANOSECONDS = TimeUnit.MILLISECONDS.toNanos(100);

    private final double nanosecondsPerByte;
    private final LongSupplier clock;
    /** When all that went through so far will have been paid for. Guarded by this. */
    private long paidUntil;

    /**
     * Over {@code inner}, which it closes.
     *
     * @param bytesPerSecond greater than zero
     */
    public RateLimitedDevice(BlockDevice inner, long bytesPerSecond) {
        this(inner, bytesPerSecond, System::nanoTime);
    }

    RateLimitedDevice(BlockDevice inner, long bytesPerSecond, LongSupplier clock) {
        super(inner);
        if (bytesPerSecond <= 0) {
            throw new IllegalArgumentException("a rate of " + bytesPerSecond + " bytes a second");
        }
        this.nanosecondsPerByte = (double) TimeUnit.SECONDS.toNanos(1) / bytesPerSecond;
        this.clock = clock;
        this.paidUntil = clock.getAsLong() - BURST_NANOSECONDS;
    }

    @Override
    public void read(ByteBuffer destination, long offset) throws IOException {
        pay(destination.remaining());
        super.read(destination, offset);
    }

    @Override
    public void write(ByteBuffer source, long offset, WriteFlag... flags) throws IOException {
        pay(source.remaining());
        super.write(source, offset, flags);
    }

    /** Waits until the bucket has recovered from what went before, and takes {@code bytes} out of it. An interrupt does not end the wait. */
    private void pay(long bytes) {
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
    private synchronized long charge(long bytes) {
        long now = clock.getAsLong();
        long start = Math.max(paidUntil, now - BURST_NANOSECONDS);
        paidUntil = start + (long) (bytes * nanosecondsPerByte);
        return start;
    }
}
