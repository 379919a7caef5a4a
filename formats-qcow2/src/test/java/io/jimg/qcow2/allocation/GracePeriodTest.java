package io.jimg.qcow2.allocation;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

class GracePeriodTest {
    private final GracePeriod grace = new GracePeriod();

    @Test
    void withNobodyInsideItPassesAtOnce() {
        assertThat(grace.passed(grace.mark())).isTrue();
        assertThat(grace.passed(grace.mark())).isTrue();
    }

    @Test
    void itWaitsForWhoWasInsideAndNotForWhoCameLater() {
        long early = grace.enter();
        long mark = grace.mark();
        assertThat(grace.passed(mark)).isFalse();
        long late = grace.enter();
        assertThat(grace.passed(mark)).isFalse();
        grace.leave(early);
        assertThat(grace.passed(mark)).isTrue();
        assertThat(grace.passed(grace.mark())).isFalse();
        grace.leave(late);
        assertThat(grace.passed(grace.mark())).isTrue();
    }

    /** What is taken out of a shared place is not used by anyone any more once its grace period has passed. */
    @Test
    void nobodyUsesWhatWasTakenOutBefore() throws Exception {
        AtomicReference<AtomicBoolean> shared = new AtomicReference<>(new AtomicBoolean());
        AtomicBoolean stop = new AtomicBoolean();
        ExecutorService pool = Executors.newFixedThreadPool(3);
        try {
            Future<?>[] readers = new Future<?>[2];
            for (int i = 0; i < readers.length; i++) {
                readers[i] = pool.submit(() -> {
                    while (!stop.get()) {
                        long token = grace.enter();
                        AtomicBoolean seen = shared.get();
                        for (int spin = 0; spin < 50; spin++) {
                            assertThat(seen.get()).as("used after it was freed").isFalse();
                        }
                        grace.leave(token);
                    }
                });
            }
            Future<?> writer = pool.submit(() -> {
                for (int i = 0; i < 300; i++) {
                    AtomicBoolean old = shared.getAndSet(new AtomicBoolean());
                    long mark = grace.mark();
                    while (!grace.passed(mark)) {
                        Thread.yield();
                    }
                    old.set(true);
                }
                stop.set(true);
            });
            writer.get();
            for (Future<?> reader : readers) {
                reader.get();
            }
        } finally {
            stop.set(true);
            pool.shutdownNow();
        }
    }
}
