package io.jimg.ops;

import io.jimg.BlockDevice;
import io.jimg.copy.Workers;
import io.jimg.spi.AlignedBuffers;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.locks.ReentrantReadWriteLock;

/**
 * Measures how long a device takes for many requests of one kind, several at a time.
 *
 * <pre>{@code
 * long nanoseconds = new Bench(image).count(1000).depth(4).run();
 * }</pre>
 */
public final class Bench {
    /** Requests unless {@link #count} says otherwise. */
    public static final int DEFAULT_COUNT = 75_000;

    /** Requests at a time unless {@link #depth} says otherwise. */
    public static final int DEFAULT_DEPTH = 64;

    /** Bytes of a request unless {@link #size} says otherwise. */
    public static final int DEFAULT_SIZE = 4096;

    /** More threads than this wait for each other, whatever the device. */
    private static final int MOST_THREADS = 64;

    private static final int BUFFER_ALIGNMENT = 4096;

    private final BlockDevice device;
    private int count = DEFAULT_COUNT;
    private int depth = DEFAULT_DEPTH;
    private int size = DEFAULT_SIZE;
    private int step;
    private long offset;
    private boolean write;
    private byte pattern;
    private int flushInterval;
    private boolean drain = true;

    private long next;
    private int started;
    private int sinceFlush;

    /** Of a device that stays the caller's; nobody else should use it meanwhile. */
    public Bench(BlockDevice device) {
        this.device = device;
    }

    /** How many requests, at least 1. */
    public Bench count(int requests) {
        count = requests;
        return this;
    }

    /** How many requests are under way at a time, at least 1; more than 64 are no more than 64. */
    public Bench depth(int requests) {
        depth = requests;
        return this;
    }

    /** Bytes of one request, at least 1. */
    public Bench size(int bytes) {
        size = bytes;
        return this;
    }

    /** Bytes from the start of one request to that of the next; 0 for as many as a request has. */
    public Bench step(int bytes) {
        step = bytes;
        return this;
    }

    /** Where the first request starts, in bytes. Behind the device's end requests go on at its start. */
    public Bench offset(long bytes) {
        offset = bytes;
        return this;
    }

    /** Writes bytes of one value instead of reading. */
    public Bench write(byte value) {
        write = true;
        pattern = value;
        return this;
    }

    /**
     * Flushes after every so many writes.
     *
     * @param requests at least {@link #depth}; 0 for never
     * @param waitFirst whether no request is under way during a flush
     */
    public Bench flushEvery(int requests, boolean waitFirst) {
        flushInterval = requests;
        drain = waitFirst;
        return this;
    }

    /**
     * Makes the requests.
     *
     * @return how long it took, in nanoseconds
     * @throws IOException the first failure of a request; the others under way have ended
     */
    public long run() throws IOException {
        next = offset;
        started = 0;
        sinceFlush = 0;
        ReentrantReadWriteLock underWay = new ReentrantReadWriteLock();
        long begin = System.nanoTime();
        new Workers(this::stop).run(Math.min(Math.min(depth, count), MOST_THREADS), () -> work(underWay));
        return System.nanoTime() - begin;
    }

    private void work(ReentrantReadWriteLock underWay) throws IOException {
        ByteBuffer buffer = AlignedBuffers.allocate(size, BUFFER_ALIGNMENT);
        while (write && buffer.hasRemaining()) {
            buffer.put(pattern);
        }
        for (long at = take(); at >= 0; at = take()) {
            request(buffer.clear(), at, underWay);
        }
    }

    /** Lets no further request start. */
    private synchronized void stop() {
        started = count;
    }

    /** Where the next request starts; -1 where there is none. */
    private synchronized long take() {
        if (started == count) {
            return -1;
        }
        started++;
        long at = next;
        next += step == 0 ? size : step;
        if (next >= device.size() && device.size() > 0) {
            next %= device.size();
        }
        return at;
    }

    private void request(ByteBuffer buffer, long at, ReentrantReadWriteLock underWay) throws IOException {
        underWay.readLock().lock();
        try {
            if (write) {
                device.write(buffer, at);
            } else {
                device.read(buffer, at);
            }
        } finally {
            underWay.readLock().unlock();
        }
        if (isTimeToFlush()) {
            flush(underWay);
        }
    }

    private synchronized boolean isTimeToFlush() {
        if (flushInterval == 0 || ++sinceFlush < flushInterval) {
            return false;
        }
        sinceFlush = 0;
        return true;
    }

    private void flush(ReentrantReadWriteLock underWay) throws IOException {
        if (!drain) {
            device.flush();
            return;
        }
        underWay.writeLock().lock();
        try {
            device.flush();
        } finally {
            underWay.writeLock().unlock();
        }
    }
}
