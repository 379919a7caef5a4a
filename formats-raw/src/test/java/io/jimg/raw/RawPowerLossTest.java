package io.jimg.raw;

import static org.assertj.core.api.Assertions.assertThat;

import io.jimg.BlockDevice;
import io.jimg.testkit.BareContext;
import io.jimg.testkit.PowerLoss;
import io.jimg.testkit.ReorderingStorage;
import java.io.IOException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestReporter;

/** What was flushed to a raw image survives a loss of power. */
class RawPowerLossTest {
    private static final int SIZE = 300_000 / RawFormat.SECTOR * RawFormat.SECTOR;

    @Test
    void keepsWhatWasFlushed(TestReporter reporter) throws IOException {
        int crashes = 0;
        for (long seed = 0; seed < 10; seed++) {
            crashes += PowerLoss.run(new RawDisk(), seed, 100, 0.3);
        }
        reporter.publishEntry("crash points", Integer.toString(crashes));
        assertThat(crashes).isGreaterThan(100);
    }

    private static final class RawDisk implements PowerLoss.Subject {
        @Override
        public BlockDevice create(ReorderingStorage storage) throws IOException {
            storage.truncate(SIZE);
            storage.flush();
            return open(storage);
        }

        @Override
        public BlockDevice open(ReorderingStorage storage) throws IOException {
            return new RawFormat().open(storage, new ForWriting());
        }

        @Override
        public void check(ReorderingStorage storage, boolean afterwards) throws IOException {
            assertThat(storage.size()).isEqualTo(SIZE);
        }
    }

    private record ForWriting() implements BareContext {
        @Override
        public boolean writable() {
            return true;
        }
    }
}
