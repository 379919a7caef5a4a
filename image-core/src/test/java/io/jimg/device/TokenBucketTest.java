package io.jimg.device;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("quick")
class TokenBucketTest {
    private static final long MILLISECOND = TimeUnit.MILLISECONDS.toNanos(1);

    /** A clock near its overflow, which must not matter. */
    private final AtomicLong clock = new AtomicLong(Long.MAX_VALUE - 300 * MILLISECOND);

    private final TokenBucket bucket = new TokenBucket(1000, clock::get);

    private long waitFor(long bytes) {
        return Math.max(0, bucket.charge(bytes) - clock.get()) / MILLISECOND;
    }

    @Test
    void burstPassesAndWhatFollowsWaits() {
        assertThat(waitFor(100)).isZero();
        assertThat(waitFor(500)).isZero();
        assertThat(waitFor(1)).isEqualTo(500);
    }

    @Test
    void rateHoldsOverTime() {
        long start = clock.get();
        for (int i = 0; i < 1000; i++) {
            clock.addAndGet(waitFor(50) * MILLISECOND);
        }
        assertThat((clock.get() - start) / MILLISECOND).isBetween(49_800L, 50_000L);
    }

    @Test
    void idleTimeIsNotSaved() {
        clock.addAndGet(TimeUnit.HOURS.toNanos(1));
        assertThat(waitFor(100)).isZero();
        assertThat(waitFor(200)).isZero();
        assertThat(waitFor(1)).isEqualTo(200);
    }

    @Test
    void rateMustBePositive() {
        assertThatThrownBy(() -> new TokenBucket(0)).isInstanceOf(IllegalArgumentException.class);
    }
}
