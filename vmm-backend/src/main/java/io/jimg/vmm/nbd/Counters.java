package io.jimg.vmm.nbd;

import io.jimg.nbd.wire.Transmission;
import io.jimg.vmm.ExportStatistics;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;

/** Counts what is asked of an export. */
final class Counters {
    final AtomicInteger connections = new AtomicInteger();
    private final LongAdder reads = new LongAdder();
    private final LongAdder readBytes = new LongAdder();
    private final LongAdder writes = new LongAdder();
    private final LongAdder writtenBytes = new LongAdder();
    private final LongAdder flushes = new LongAdder();
    private final LongAdder others = new LongAdder();
    private final LongAdder failures = new LongAdder();

    void count(int command, long length) {
        switch (command) {
            case Transmission.CMD_READ -> {
                reads.increment();
                readBytes.add(length);
            }
            case Transmission.CMD_WRITE -> {
                writes.increment();
                writtenBytes.add(length);
            }
            case Transmission.CMD_FLUSH -> flushes.increment();
            default -> others.increment();
        }
    }

    void countFailure() {
        failures.increment();
    }

    ExportStatistics snapshot() {
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
