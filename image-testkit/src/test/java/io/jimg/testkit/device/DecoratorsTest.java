package io.jimg.testkit.device;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.jimg.BlockDevice;
import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.device.CopyOnReadDevice;
import io.jimg.device.RateLimitedDevice;
import io.jimg.device.SubRangeDevice;
import io.jimg.storage.BlockDeviceStorage;
import io.jimg.storage.Outcome;
import io.jimg.testkit.ModelDevice;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;

/** What decorators do beyond the contract. */
class DecoratorsTest {
    @Test
    void copyOnReadKeepsWhatItReadsInWholeUnits() throws IOException {
        byte[] beneath = new byte[100_000];
        Arrays.fill(beneath, (byte) 7);
        ModelDevice layer = ModelDevice.over(ModelDevice.of(beneath, true), 100_000, 4096);
        try (BlockDevice device = new CopyOnReadDevice(layer)) {
            assertThat(device.extentAt(0, 100_000, 1).present()).isFalse();
            device.read(ByteBuffer.allocate(10), 8190);
            assertThat(layer.extentAt(0, 100_000, 1).length()).isEqualTo(4096);
            assertThat(layer.extentAt(4096, 8192, 1).present()).isTrue();
            assertThat(layer.extentAt(4096, 8192, 1).length()).isEqualTo(8192);
            assertThat(layer.extentAt(12288, 1, 1).present()).isFalse();
            device.read(ByteBuffer.allocate(10), 99_990);
            assertThat(layer.extentAt(99_999, 1, 1).present()).isTrue();
        }
    }

    @Test
    void aRateLimitMakesWhatFollowsWait() throws IOException {
        try (BlockDevice device = new RateLimitedDevice(new ModelDevice(1 << 20), 4 << 20)) {
            long start = System.nanoTime();
            for (int i = 0; i < 4; i++) {
                device.read(ByteBuffer.allocate(512 << 10), 0);
            }
            // 2 MiB at 4 MiB/s, the last request and a burst of a tenth of a second unpaid.
            assertThat(System.nanoTime() - start).isGreaterThan(250_000_000L);
            start = System.nanoTime();
            device.discard(0, 1 << 20);
            device.flush();
            assertThat(System.nanoTime() - start).isLessThan(250_000_000L);
        }
    }

    @Test
    void aWindowMustLieInTheDevice() {
        ModelDevice device = new ModelDevice(1000);
        long[][] outside = {{0, 1001}, {1000, 1}, {-1, 5}, {5, -1}, {Long.MAX_VALUE, 1}};
        for (long[] window : outside) {
            assertThatThrownBy(() -> new SubRangeDevice(device, window[0], window[1]))
                    .isInstanceOfSatisfying(
                            ImageException.class,
                            refusal -> assertThat(refusal.kind()).isEqualTo(ErrorKind.OUT_OF_RANGE));
        }
    }

    @Test
    void aStorageOnADeviceHasAFixedLength() throws IOException {
        ModelDevice device = new ModelDevice(100_000);
        try (BlockDeviceStorage storage = new BlockDeviceStorage(device)) {
            storage.write(ByteBuffer.wrap(new byte[] {1, 2, 3}), 99_997);
            ByteBuffer tail = ByteBuffer.allocate(6);
            storage.read(tail, 99_997);
            assertThat(tail.array()).containsExactly(1, 2, 3, 0, 0, 0);
            assertThat(storage.size()).isEqualTo(100_000);
            assertThat(storage.growsWithZeroes()).isFalse();
            assertNoSpace(() -> storage.write(ByteBuffer.allocate(4), 99_997));
            assertNoSpace(() -> storage.truncate(100_001));
            assertNoSpace(() -> storage.zero(99_999, 2, false));
            storage.truncate(50);
            assertThat(storage.size()).isEqualTo(100_000);
            assertThat(storage.zero(99_990, 10, false)).isEqualTo(Outcome.DONE);
            storage.read(tail.clear(), 99_994);
            assertThat(tail.array()).containsOnly(0);
            storage.flush();
            assertThat(device.flushes()).isEqualTo(1);
        }
    }

    private static void assertNoSpace(ThrowingCallable call) {
        assertThatThrownBy(call)
                .isInstanceOfSatisfying(
                        ImageException.class,
                        refusal -> assertThat(refusal.kind()).isEqualTo(ErrorKind.NO_SPACE));
    }
}
