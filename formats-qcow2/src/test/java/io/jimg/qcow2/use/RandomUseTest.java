package io.jimg.qcow2.use;

import io.jimg.BlockDevice;
import io.jimg.testkit.ExpectedContent;
import io.jimg.testkit.QemuOracle;
import io.jimg.testkit.Step;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestReporter;
import org.junit.jupiter.api.io.TempDir;

/**
 * Random use by seed, for long runs: the system property {@code jimg.use.seeds} sets how many images are used,
 * {@code jimg.use.seed} the first seed.
 */
class RandomUseTest {
    private static final int SEEDS = Integer.getInteger("jimg.use.seeds", 60);
    private static final long FIRST = Long.getLong("jimg.use.seed", 1);
    private static final int STEPS = 60;
    private static final int JUDGED_BY_QEMU = 10;
    private static final int REMEMBERED = 15;

    @TempDir
    Path folder;

    @Test
    void readsBackWhatWasWritten(TestReporter reporter) throws IOException {
        Optional<QemuOracle> oracle = QemuOracle.find();
        int steps = 0;
        for (long seed = FIRST; seed < FIRST + SEEDS; seed++) {
            Random random = new Random(seed);
            Configuration configuration = Configuration.random(random, random.nextBoolean());
            Deque<Step> last = new ArrayDeque<>();
            try (var specimen = new PropertiesTest.ImageSpecimen(
                    configuration, seed, seed % JUDGED_BY_QEMU == 0 ? oracle : Optional.empty())) {
                ExpectedContent expected = new ExpectedContent(specimen.initialContent());
                BlockDevice device = specimen.open();
                try {
                    for (int i = 0; i < STEPS; i++, steps++) {
                        Step step = Step.random(random);
                        last.add(step);
                        if (last.size() > REMEMBERED) {
                            last.remove();
                        }
                        if (step.kind() == Step.Kind.REOPEN) {
                            device.close();
                            specimen.verifyClosed(expected.bytes());
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
            } catch (AssertionError | IOException | RuntimeException failure) {
                throw new AssertionError("seed " + seed + ": " + configuration + ", last " + last, failure);
            }
        }
        reporter.publishEntry("steps", Integer.toString(steps));
    }
}
