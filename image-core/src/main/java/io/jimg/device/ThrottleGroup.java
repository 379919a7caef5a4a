package io.jimg.device;

import org.jspecify.annotations.Nullable;

/**
 * Limits that several devices share, as QEMU's throttle groups: bytes and requests a second, together or for reads and
 * writes apart. Bursts of a tenth of a second pass, or those that a limit grants. Safe for many threads.
 */
public final class ThrottleGroup {
    private final @Nullable TokenBucket bytes;
    private final @Nullable TokenBucket bytesRead;
    private final @Nullable TokenBucket bytesWritten;
    private final @Nullable TokenBucket requests;
    private final @Nullable TokenBucket reads;
    private final @Nullable TokenBucket writes;
    private final long requestSize;

    /**
     * What a group permits.
     *
     * @param bytes bytes a second, read and written
     * @param bytesRead bytes a second that are read
     * @param bytesWritten bytes a second that are written
     * @param requests requests a second
     * @param reads reads a second
     * @param writes writes a second
     * @param requestSize bytes in one request: larger ones count as several; 0 for any
     */
    public record Limits(
            Rate bytes, Rate bytesRead, Rate bytesWritten, Rate requests, Rate reads, Rate writes, long requestSize) {}

    /**
     * A limit.
     *
     * @param lasting so many a second in the long run; 0 for no limit
     * @param burst so many a second in a burst; 0 where there are none but those of a tenth of a second
     * @param burstSeconds how long a burst may last at that rate, at least 1
     */
    public record Rate(long lasting, long burst, long burstSeconds) {
        /** No limit. */
        public static final Rate NONE = new Rate(0, 0, 1);

        /** A limit without bursts. */
        public static Rate of(long lasting) {
            return new Rate(lasting, 0, 1);
        }
    }

    /** A group in which nothing has been used up. */
    public ThrottleGroup(Limits limits) {
        bytes = bucket(limits.bytes);
        bytesRead = bucket(limits.bytesRead);
        bytesWritten = bucket(limits.bytesWritten);
        requests = bucket(limits.requests);
        reads = bucket(limits.reads);
        writes = bucket(limits.writes);
        requestSize = limits.requestSize;
    }

    private static @Nullable TokenBucket bucket(Rate rate) {
        return rate.lasting == 0 ? null : new TokenBucket(rate.lasting, rate.burst, rate.burstSeconds);
    }

    /** Waits until a read of so many bytes may go. */
    public void payRead(long length) {
        pay(length, bytesRead, reads);
    }

    /** Waits until a write of so many bytes may go. */
    public void payWrite(long length) {
        pay(length, bytesWritten, writes);
    }

    private void pay(long length, @Nullable TokenBucket ownBytes, @Nullable TokenBucket ownRequests) {
        long count = requestSize == 0 ? 1 : Math.max(1, (length + requestSize - 1) / requestSize);
        pay(bytes, length);
        pay(ownBytes, length);
        pay(requests, count);
        pay(ownRequests, count);
    }

    private static void pay(@Nullable TokenBucket bucket, long tokens) {
        if (bucket != null) {
            bucket.pay(tokens);
        }
    }
}
