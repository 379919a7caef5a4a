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
    void burstOfOneSecondGoesAtOnce() {
        TokenBucket burst = new TokenBucket(100, 2000, 1, clock::get);
        assertThat(burst.charge(2000) - clock.get()).isNotPositive();
        assertThat(burst.charge(50) - clock.get()).isNotPositive();
        assertThat((burst.charge(1) - clock.get()) / MILLISECOND).isEqualTo(500);
    }

    @Test
    void longBurstHasItsOwnRateUntilTheBucketIsFull() {
        TokenBucket burst = new TokenBucket(100, 2000, 60, clock::get);
        long start = clock.get();
        long passed = 0;
        while (clock.get() - start < TimeUnit.SECONDS.toNanos(60)) {
            clock.addAndGet(Math.max(0, burst.charge(20) - clock.get()));
            passed += 20;
        }
        // 2000 a second and the tenth of a second that comes first; 6000 have leaked, so it goes on for 3 seconds.
        assertThat(passed).isBetween(120_000L, 120_250L);
        while (clock.get() - start < TimeUnit.SECONDS.toNanos(100)) {
            clock.addAndGet(Math.max(0, burst.charge(20) - clock.get()));
            passed += 20;
        }
        assertThat(passed).isBetween(129_900L, 130_200L);
    }

    @Test
    void rateMustBePositive() {
        assertThatThrownBy(() -> new TokenBucket(0)).isInstanceOf(IllegalArgumentException.class);
    }
}
