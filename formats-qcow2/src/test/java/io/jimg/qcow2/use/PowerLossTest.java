package io.jimg.qcow2.use;

import static org.assertj.core.api.Assertions.assertThat;

import io.jimg.BlockDevice;
import io.jimg.capability.CheckReport;
import io.jimg.qcow2.check.Qcow2Check;
import io.jimg.qcow2.check.RefcountRebuild;
import io.jimg.qcow2.header.Header;
import io.jimg.qcow2.header.IncompatibleFeature;
import io.jimg.qcow2.image.Qcow2Opener;
import io.jimg.storage.FileStorage;
import io.jimg.testkit.PowerLoss;
import io.jimg.testkit.QemuOracle;
import io.jimg.testkit.ReorderingStorage;
import io.jimg.testkit.Tool;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestReporter;
import org.junit.jupiter.api.io.TempDir;

/**
 * Power is lost at thousands of moments. What is left opens, holds what was flushed and has leaks at worst; where it is
 * marked dirty, nothing after a repair. The real check judges a sample. The system property
 * {@code jimg.powerloss.seeds} sets how many images are worked on, {@code jimg.powerloss.seed} the first.
 */
class PowerLossTest {
    private static final int SEEDS = Integer.getInteger("jimg.powerloss.seeds", 60);
    private static final long FIRST = Long.getLong("jimg.powerloss.seed", 1);
    private static final int STEPS = 40;
    private static final double CHANCE = 0.12;
    private static final int JUDGED_BY_QEMU = 40;

    @TempDir
    Path folder;

    private int grown;
    private int lazy;

    @Test
    void leavesLeaksAtWorst(TestReporter reporter) throws IOException {
        lose(reporter, SEEDS, CHANCE, random -> Configuration.random(random, true));
    }

    @Test
    void leavesLeaksAtWorstWhileTheRefcountTableGrows(TestReporter reporter) throws IOException {
        lose(reporter, Math.max(3, SEEDS / 20), CHANCE / 4, Configuration::growing);
        assertThat(grown).as("crashes after which the table had grown").isPositive();
    }

    private void lose(TestReporter reporter, int seeds, double chance, Function<Random, Configuration> choice)
            throws IOException {
        Optional<QemuOracle> oracle = QemuOracle.find();
        int crashes = 0;
        int judged = 0;
        for (long seed = FIRST; seed < FIRST + seeds; seed++) {
            Configuration configuration = choice.apply(new Random(seed));
            Subject subject = new Subject(configuration, seed, oracle);
            try {
                crashes += PowerLoss.run(subject, seed, STEPS, chance);
            } catch (AssertionError | IOException failure) {
                throw new AssertionError("seed " + seed + ": " + configuration, failure);
            }
            judged += subject.judged;
        }
        reporter.publishEntry(
                "crash points",
                crashes + ", of which the real check judged " + judged + ", left by lazy refcounts " + lazy);
        assertThat(crashes).isGreaterThan(seeds);
    }

    private final class Subject implements PowerLoss.Subject {
        private final Making making;
        private final Optional<QemuOracle> oracle;
        private final Random chance;
        private int judged;

        Subject(Configuration configuration, long seed, Optional<QemuOracle> oracle) throws IOException {
            this.making = new Making(configuration, seed);
            this.oracle = oracle;
            this.chance = new Random(seed);
        }

        @Override
        public BlockDevice create(ReorderingStorage storage) throws IOException {
            making.make(storage);
            storage.flush();
            return making.open(storage);
        }

        @Override
        public BlockDevice open(ReorderingStorage storage) throws IOException {
            return making.open(storage);
        }

        @Override
        public void check(ReorderingStorage storage, boolean afterwards) throws IOException {
            Header header = Qcow2Opener.readHeader(storage);
            if (header.refcountTableClusters() > 1) {
                grown++;
            }
            boolean dirty = header.incompatible().has(IncompatibleFeature.DIRTY);
            assertThat(afterwards && dirty).as("dirty after it was closed").isFalse();
            if (dirty) {
                lazy++;
                RefcountRebuild.run(storage, header);
                header = Qcow2Opener.readHeader(storage);
            }
            CheckReport report = new Qcow2Check(storage, header).run();
            assertThat(report.corruptions() + report.checkErrors())
                    .as("%s", report.findings())
                    .isZero();
            if (dirty) {
                assertThat(report.leaks()).as("%s", report.findings()).isZero();
            }
            if (oracle.isPresent() && chance.nextInt(JUDGED_BY_QEMU) == 0) {
                judged++;
                Path file = folder.resolve("crashed.qcow2");
                Files.deleteIfExists(file);
                try (FileStorage copy = FileStorage.create(file)) {
                    storage.copyTo(copy);
                }
                List<Object> words = new ArrayList<>(List.of("check"));
                words.addAll(making.configuration().words(file + ",backing="));
                Tool.Result theirs = oracle.get().img(words.toArray());
                assertThat(theirs.exitCode()).as("%s", theirs).isIn(0, 3);
            }
        }
    }
}
