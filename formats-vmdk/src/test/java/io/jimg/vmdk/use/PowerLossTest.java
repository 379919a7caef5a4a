package io.jimg.vmdk.use;

import static org.assertj.core.api.Assertions.assertThat;

import io.jimg.BlockDevice;
import io.jimg.DiskImage;
import io.jimg.capability.Checkable;
import io.jimg.storage.FileStorage;
import io.jimg.storage.MemoryStorage;
import io.jimg.testkit.KeptStorage;
import io.jimg.testkit.PowerLoss;
import io.jimg.testkit.QemuOracle;
import io.jimg.testkit.ReorderingStorage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.TestReporter;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Power is lost at many moments. What is left opens, also for the real tools, and holds what was flushed. The system
 * property {@code jimg.powerloss.seeds} sets how many disks of each kind are worked on.
 */
class PowerLossTest {
    private static final int SEEDS = Integer.getInteger("jimg.powerloss.seeds", 20);
    private static final int STEPS = 40;
    private static final double CHANCE = 0.12;
    private static final int JUDGED_BY_QEMU = 40;

    @TempDir
    Path folder;

    @ParameterizedTest
    @CsvSource({"zeroed_grain=off, false", "zeroed_grain=on, false", "zeroed_grain=off, true", "zeroed_grain=on, true"})
    void keepsWhatWasFlushed(String options, boolean child, TestReporter reporter) throws IOException {
        int crashes = 0;
        for (long seed = 1; seed <= SEEDS; seed++) {
            try {
                crashes += PowerLoss.run(new Subject(options, child, seed), seed, STEPS, CHANCE);
            } catch (AssertionError | IOException failure) {
                throw new AssertionError("seed " + seed, failure);
            }
        }
        reporter.publishEntry("crash points", Integer.toString(crashes));
        assertThat(crashes).isGreaterThan(SEEDS);
    }

    private final class Subject implements PowerLoss.Subject {
        private static final int SIZE = 500_000 / 512 * 512;

        private final String options;
        private final @Nullable MemoryStorage base;
        private final Random chance;

        Subject(String options, boolean child, long seed) throws IOException {
            this.options = options;
            this.chance = new Random(seed);
            this.base = child ? new MemoryStorage("base.vmdk") : null;
            if (base != null) {
                InMemory alone = new InMemory(true, null);
                InMemory.format().create(base, alone.request(SIZE - 70_144, "zeroed_grain=on"));
                try (DiskImage image = alone.open(new KeptStorage(base))) {
                    image.write(ByteBuffer.wrap(Disks.content((int) image.size(), seed)), 0);
                }
            }
        }

        private InMemory context() {
            return new InMemory(true, base);
        }

        @Override
        public BlockDevice create(ReorderingStorage storage) throws IOException {
            InMemory.format().create(storage, context().request(SIZE, options));
            storage.flush();
            return context().open(storage);
        }

        @Override
        public BlockDevice open(ReorderingStorage storage) throws IOException {
            return context().open(storage);
        }

        @Override
        public void check(ReorderingStorage storage, boolean afterwards) throws IOException {
            byte[] ours;
            try (DiskImage image = new InMemory(false, base).open(new KeptStorage(storage))) {
                assertThat(afterwards && image.dirty())
                        .as("marked after it was closed")
                        .isFalse();
                if (afterwards) {
                    assertThat(image.capability(Checkable.class)
                                    .orElseThrow()
                                    .check()
                                    .run()
                                    .findings())
                            .isEmpty();
                }
                ours = Disks.read(image);
            }
            Optional<QemuOracle> oracle = QemuOracle.find();
            if (oracle.isPresent() && chance.nextInt(JUDGED_BY_QEMU) == 0) {
                Path file = folder.resolve("crashed.vmdk");
                Files.deleteIfExists(file);
                try (FileStorage copy = FileStorage.create(file)) {
                    storage.copyTo(copy);
                }
                if (base != null) {
                    ByteBuffer all = ByteBuffer.allocate((int) base.size());
                    base.read(all, 0);
                    Files.write(folder.resolve("base.vmdk"), all.array());
                }
                Path raw = Disks.file(folder.resolve("ours.raw"), ours);
                oracle.get()
                        .img("compare", "-f", "vmdk", "-F", "raw", file, raw)
                        .expectExit(0);
            }
        }
    }
}
