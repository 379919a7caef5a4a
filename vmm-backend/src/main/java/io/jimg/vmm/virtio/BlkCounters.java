package io.jimg.vmm.virtio;

import io.jimg.vmm.ExportStatistics;
import java.util.concurrent.atomic.LongAdder;

/** Counts what is asked of a device. */
final class BlkCounters {
    private final LongAdder reads = new LongAdder();
    private final LongAdder readBytes = new LongAdder();
    private final LongAdder writes = new LongAdder();
    private final LongAdder writtenBytes = new LongAdder();
    private final LongAdder flushes = new LongAdder();
    private final LongAdder others = new LongAdder();
    private final LongAdder failures = new LongAdder();

    void count(int type, long length) {
        switch (type) {
            case VirtioBlkRequest.READ -> {
                reads.increment();
                readBytes.add(length);
            }
            case VirtioBlkRequest.WRITE -> {
                writes.increment();
                writtenBytes.add(length);
            }
            case VirtioBlkRequest.FLUSH -> flushes.increment();
            default -> others.increment();
        }
    }

    void countFailure() {
        failures.increment();
    }

    ExportStatistics snapshot(int connections) {
        return new ExportStatistics(
                connections,
                reads.sum(),
                readBytes.sum(),
                writes.sum(),
                writtenBytes.sum(),
                flushes.sum(),
                others.sum(),
                failures.sum());
    }
}
