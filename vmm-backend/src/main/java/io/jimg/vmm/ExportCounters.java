package io.jimg.vmm;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;

/** Counts what is asked of an export, for its {@link ExportStatistics}. Safe for many threads. */
public final class ExportCounters {
    private final AtomicInteger connections = new AtomicInteger();
    private final LongAdder reads = new LongAdder();
    private final LongAdder readBytes = new LongAdder();
    private final LongAdder writes = new LongAdder();
    private final LongAdder writtenBytes = new LongAdder();
    private final LongAdder flushes = new LongAdder();
    private final LongAdder others = new LongAdder();
    private final LongAdder failures = new LongAdder();

    /** Nothing was asked yet. */
    public ExportCounters() {}

    /** What a request asks for. */
    public enum Request {
        /** Bytes. */
        READ,
        /** To store bytes. */
        WRITE,
        /** To make durable. */
        FLUSH,
        /** Anything else. */
        OTHER
    }

    /** Somebody has connected. */
    public void connected() {
        connections.incrementAndGet();
    }

    /** Somebody has gone. */
    public void disconnected() {
        connections.decrementAndGet();
    }

    /**
     * A request has come.
     *
     * @param bytes that it is about, where it reads or writes
     */
    public void count(Request request, long bytes) {
        switch (request) {
            case READ -> {
                reads.increment();
                readBytes.add(bytes);
            }
            case WRITE -> {
                writes.increment();
                writtenBytes.add(bytes);
            }
            case FLUSH -> flushes.increment();
            case OTHER -> others.increment();
        }
    }

    /** A request was answered by an error. */
    public void countFailure() {
        failures.increment();
    }

    /** What has happened so far. */
    public ExportStatistics statistics() {
        return new ExportStatistics(
                connections.get(),
                reads.sum(),
                readBytes.sum(),
                writes.sum(),
                writtenBytes.sum(),
                flushes.sum(),
                others.sum(),
                failures.sum());
    }
}
