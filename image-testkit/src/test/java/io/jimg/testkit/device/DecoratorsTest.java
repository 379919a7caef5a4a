package io.jimg.testkit.device;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.jimg.BlockDevice;
import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.WriteFlag;
import io.jimg.ZeroMode;
import io.jimg.device.CopyOnReadDevice;
import io.jimg.device.ForwardingDevice;
import io.jimg.device.KeepAllocatedDevice;
import io.jimg.device.RateLimitedDevice;
import io.jimg.device.SubRangeDevice;
import io.jimg.device.ZeroDetectingDevice;
import io.jimg.storage.BlockDeviceStorage;
import io.jimg.storage.Outcome;
import io.jimg.testkit.ModelDevice;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
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
    void requestsThatWriteNothingButZeroesBecomeZeroes() throws IOException {
        Requests requests = new Requests(new ModelDevice(1 << 20));
        try (BlockDevice device = new ZeroDetectingDevice(requests, ZeroMode.MAY_UNMAP)) {
            ByteBuffer data = ByteBuffer.allocate(4099);
            device.write(data, 1);
            assertThat(data.hasRemaining()).isFalse();
            device.write(data.clear().put(4098, (byte) 1), 5000);
            device.write(data.clear().limit(4098), 10_000);
            device.write(data.clear().put(7, (byte) 1), 20_000);
            assertThat(requests.log)
                    .containsExactly(
                            "zeroes 1 4099 MAY_UNMAP",
                            "write 5000 4099",
                            "zeroes 10000 4098 MAY_UNMAP",
                            "write 20000 4099");
        }
    }

    @Test
    void aDeviceThatKeepsWhatIsAllocatedDropsDiscards() throws IOException {
        Requests requests = new Requests(new ModelDevice(1 << 20));
        try (BlockDevice device = new KeepAllocatedDevice(requests)) {
            device.discard(0, 4096);
            device.writeZeroes(0, 4096, ZeroMode.MAY_UNMAP);
            device.writeZeroes(4096, 4096, ZeroMode.ONLY_IF_FAST);
            assertThat(requests.log)
                    .containsExactly("discard 0 0", "zeroes 0 4096 KEEP_ALLOCATED", "zeroes 4096 4096 ONLY_IF_FAST");
            assertThatThrownBy(() -> device.discard(1 << 20, 1))
                    .isInstanceOfSatisfying(
                            ImageException.class,
                            refusal -> assertThat(refusal.kind()).isEqualTo(ErrorKind.OUT_OF_RANGE));
        }
    }

    /** Notes what comes by. */
    private static final class Requests extends ForwardingDevice {
        final List<String> log = new ArrayList<>();

        Requests(BlockDevice inner) {
            super(inner);
        }

        @Override
        public void write(ByteBuffer source, long offset, WriteFlag... flags) throws IOException {
            log.add("write " + offset + " " + source.remaining());
            super.write(source, offset, flags);
        }

        @Override
        public void writeZeroes(long offset, long length, ZeroMode mode, WriteFlag... flags) throws IOException {
            log.add("zeroes " + offset + " " + length + " " + mode);
            super.writeZeroes(offset, length, mode, flags);
        }

        @Override
        public void discard(long offset, long length) throws IOException {
            log.add("discard " + offset + " " + length);
            super.discard(offset, length);
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
