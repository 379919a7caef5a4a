package io.jimg.testkit;

import io.jimg.BlockDevice;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicLong;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.ShrinkingMode;
import net.jqwik.api.lifecycle.AfterProperty;

/**
 * Random sequences of what can be done to a writable device, compared with a plain array of bytes: on one thread, and
 * on several that write bytes of their own in sectors and clusters that they share. A format inherits it and says in
 * which configurations it is to be tried.
 *
 * @param <C> a configuration: prints as something that tells how to make the same image again
 */
public abstract class DeviceProperties<C> {
    private static final int THREADS = 4;

    /** How much in a row belongs to one thread: less than a sector or a cluster, or a little more. */
    private static final int[] GRAINS = {100, 512, 700, 4096, 5000, 70000};

    private final AtomicLong operations = new AtomicLong();

    /** For formats. */
    protected DeviceProperties() {}

    @AfterProperty
    void publishOperations() {
        PublishedCounts.print(getClass().getSimpleName(), "random operations of a property", operations.toString());
    }

    /** All configurations that are valid. */
    @Provide
    protected abstract Arbitrary<C> configurations();

    /** Makes a device of that configuration. */
    protected abstract Specimen prepare(C configuration) throws IOException;

    @Provide
    Arbitrary<List<Step>> scripts() {
        return Step.arbitrary().list().ofMinSize(1).ofMaxSize(40).withoutEdgeCases();
    }

    @Property(tries = 150, shrinking = ShrinkingMode.BOUNDED)
    void readsBackWhatOneThreadWrote(@ForAll("configurations") C configuration, @ForAll("scripts") List<Step> script)
            throws IOException {
        try (Specimen specimen = prepare(configuration)) {
            ExpectedContent expected = new ExpectedContent(specimen.initialContent());
            BlockDevice device = specimen.open();
            try {
                for (Step step : script) {
                    operations.incrementAndGet();
                    if (step.kind() == Step.Kind.REOPEN) {
                        device.close();
                        device = specimen.open();
                    } else {
                        expected.apply(step, device);
                    }
                }
                expected.verifyAll(device);
            } finally {
                device.close();
            }
            specimen.verifyClosed(expected.bytes());
            try (BlockDevice again = specimen.open()) {
                expected.verifyAll(again);
            }
        }
    }

    @Property(tries = 15, shrinking = ShrinkingMode.OFF)
    void readsBackWhatSeveralThreadsWrote(@ForAll("configurations") C configuration, @ForAll long seed)
            throws IOException, InterruptedException {
        try (Specimen specimen = prepare(configuration)) {
            ExpectedContent expected = new ExpectedContent(specimen.initialContent());
            try (BlockDevice device = specimen.open()) {
                inParallel(seed, (thread, random) -> {
                    int grain = GRAINS[new Random(seed).nextInt(GRAINS.length)];
                    for (int i = 0; i < 60; i++) {
                        operations.incrementAndGet();
                        expected.apply(own(Step.random(random), thread, grain, expected.bytes().length), device);
                    }
                });
                expected.verifyAll(device);
            }
            specimen.verifyClosed(expected.bytes());
        }
    }

    @Property(tries = 10, shrinking = ShrinkingMode.OFF)
    void survivesWritesThatOverlap(@ForAll("configurations") C configuration, @ForAll long seed)
            throws IOException, InterruptedException {
        try (Specimen specimen = prepare(configuration)) {
            int size = specimen.initialContent().length;
            ExpectedContent settled;
            try (BlockDevice device = specimen.open()) {
                inParallel(seed, (thread, random) -> {
                    for (int i = 0; i < 40; i++) {
                        operations.incrementAndGet();
                        ExpectedContent.applyBlindly(Step.random(random).within(size), device);
                    }
                });
                settled = new ExpectedContent(ExpectedContent.read(device, 0, size));
                settled.verifyAll(device);
            }
            specimen.verifyClosed(settled.bytes());
            try (BlockDevice again = specimen.open()) {
                settled.verifyAll(again);
            }
        }
    }

    /** Moves a step into a range that belongs to a thread: of every {@code THREADS} grains, one. */
    private static Step own(Step step, int thread, int grain, int size) {
        int period = grain * THREADS;
        int periods = Math.max(1, size / period);
        long start = step.offset() % periods * period + (long) thread * grain;
        int shift = (int) (step.seed() % 3) * grain / 3;
        if (start + grain > size) {
            return new Step(Step.Kind.FLUSH, 0, 0, 0);
        }
        int length = Math.min(step.length(), grain - shift);
        Step.Kind kind = step.kind() == Step.Kind.REOPEN ? Step.Kind.WRITE : step.kind();
        return new Step(kind, start + shift, length, step.seed());
    }

    /** What a thread does. */
    private interface Work {
        void run(int thread, Random random) throws IOException;
    }

    private static void inParallel(long seed, Work work) throws InterruptedException, IOException {
        ExecutorService threads = Executors.newFixedThreadPool(THREADS);
        try {
            List<Future<?>> results = new ArrayList<>();
            for (int t = 0; t < THREADS; t++) {
                int thread = t;
                results.add(threads.submit(() -> {
                    work.run(thread, new Random(seed + thread));
                    return null;
                }));
            }
            for (Future<?> result : results) {
                result.get();
            }
        } catch (ExecutionException failure) {
            Throwable cause = failure.getCause();
            if (cause instanceof IOException io) {
                throw io;
            }
            if (cause instanceof Error error) {
                throw error;
            }
            throw new AssertionError(cause);
        } finally {
            threads.shutdown();
        }
    }
}
