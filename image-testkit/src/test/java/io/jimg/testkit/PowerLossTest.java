package io.jimg.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.jimg.BlockDevice;
import io.jimg.storage.Storage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.function.BiFunction;
import org.junit.jupiter.api.Test;

class PowerLossTest {
    private static final int SIZE = 256 << 10;

    @Test
    void aSoundDeviceSurvives() throws IOException {
        assertThat(losePower(PlainDevice::new)).isGreaterThan(100);
    }

    @Test
    void aFlushThatFlushesNothingIsFound() {
        assertThatThrownBy(() -> losePower((storage, size) -> new PlainDevice(storage, size) {
                    @Override
                    protected void doFlush() {}
                }))
                .isInstanceOf(AssertionError.class)
                .hasStackTraceContaining("nothing since wrote that");
    }

    @Test
    void aWriteThatSpoilsItsNeighboursForAMomentIsFound() {
        assertThatThrownBy(() -> losePower((storage, size) -> new PlainDevice(storage, size) {
                    @Override
                    protected void doWrite(ByteBuffer source, long offset) throws IOException {
                        long sector = offset / 512 * 512;
                        ByteBuffer old = ByteBuffer.allocate(512);
                        storage.read(old, sector);
                        storage.write(ByteBuffer.allocate(512), sector);
                        storage.write(old.flip(), sector);
                        super.doWrite(source, offset);
                    }
                }))
                .isInstanceOf(AssertionError.class)
                .hasStackTraceContaining("nothing since wrote that");
    }

    @Test
    void whatACheckFindsIsReported() {
        var subject = new Subject(PlainDevice::new) {
            @Override
            public void check(ReorderingStorage storage, boolean afterwards) {
                throw new AssertionError("leaks everywhere");
            }
        };
        assertThatThrownBy(() -> PowerLoss.run(subject, 1, 50, 0.5)).hasStackTraceContaining("leaks everywhere");
    }

    private static int losePower(BiFunction<Storage, Long, BlockDevice> devices) throws IOException {
        int crashes = 0;
        for (long seed = 0; seed < 5; seed++) {
            crashes += PowerLoss.run(new Subject(devices), seed, 100, 0.5);
        }
        return crashes;
    }

    private static class Subject implements PowerLoss.Subject {
        private final BiFunction<Storage, Long, BlockDevice> devices;

        Subject(BiFunction<Storage, Long, BlockDevice> devices) {
            this.devices = devices;
        }

        @Override
        public BlockDevice create(ReorderingStorage storage) throws IOException {
            storage.truncate(SIZE);
            storage.flush();
            return devices.apply(storage, (long) SIZE);
        }

        @Override
        public BlockDevice open(ReorderingStorage storage) {
            return devices.apply(storage, (long) SIZE);
        }

        @Override
        public void check(ReorderingStorage storage, boolean afterwards) throws IOException {
            assertThat(storage.size()).isEqualTo(SIZE);
        }
    }
}
