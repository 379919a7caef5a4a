package io.jimg.all;

import static org.assertj.core.api.Assertions.assertThat;

import io.jimg.ImageException;
import io.jimg.Images;
import io.jimg.OpenOptions;
import io.jimg.all.RandomChain.Layer;
import io.jimg.ops.Commit;
import io.jimg.ops.Rebase;
import io.jimg.spi.OpenGate;
import io.jimg.testkit.QemuOracle;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestReporter;
import org.junit.jupiter.api.io.TempDir;

/**
 * Commits and rebases random chains; a model says what must be read, and the real tools judge.
 * {@code jimg.chains.seeds} sets how many of each.
 */
class ChainsTest {
    private static final int SEEDS = Integer.getInteger("jimg.chains.seeds", 40);
    private static final long FIRST = Long.getLong("jimg.chains.seed", 1);
    private static final Images IMAGES = Images.standard();
    private static final OpenOptions OPTIONS =
            OpenOptions.DEFAULT.withFormat("qcow2").withGate(OpenGate.ALLOW);

    @TempDir
    Path folder;

    private QemuOracle qemu;

    @BeforeEach
    void findOracle() {
        qemu = QemuOracle.assumePresent();
    }

    private interface Trial {
        void run(Random random, long seed) throws IOException;
    }

    private void repeat(TestReporter reporter, Trial trial) throws IOException {
        for (long seed = FIRST; seed < FIRST + SEEDS; seed++) {
            try {
                trial.run(new Random(seed), seed);
            } catch (AssertionError | IOException | RuntimeException failure) {
                throw new AssertionError("seed " + seed, failure);
            }
        }
        reporter.publishEntry("random chains", Integer.toString(SEEDS));
    }

    private RandomChain chain(Random random, String word, int depth) throws IOException {
        return new RandomChain(IMAGES, name -> folder.resolve(name).toString(), word, random, depth, 0);
    }

    private void same(Layer layer, byte[] expected) throws IOException {
        RandomChain.verify(IMAGES, layer, expected);
        Path file = Path.of(layer.name);
        if (layer.format.equals("qcow2")) {
            qemu.checkClean("qcow2", file);
        }
        qemu.compareEqual(layer.format, file, "raw", Files.write(folder.resolve("expected"), expected));
    }

    @Test
    void commits(TestReporter reporter) throws IOException {
        repeat(reporter, (random, seed) -> {
            RandomChain chain = chain(random, "c" + seed + "-", 2 + random.nextInt(3));
            Layer top = chain.top();
            int into = random.nextInt(chain.depth() - 1);
            Layer base = chain.layer(into);
            boolean toBacking = into == chain.depth() - 2 && random.nextBoolean();
            boolean drop = random.nextInt(4) == 0;
            byte[] expected =
                    base.content.length > top.content.length ? base.content.clone() : new byte[top.content.length];
            System.arraycopy(top.content, 0, expected, 0, top.content.length);

            try {
                new Commit(IMAGES, top.name, OPTIONS)
                        .base(toBacking ? null : base.name)
                        .drop(drop)
                        .job()
                        .run();
            } catch (ImageException refused) {
                // Version 2 has no zeroes to hide a longer backing file's bytes with.
                assertThat(refused).hasMessage("Block job failed: Operation not supported");
                assertThat(base.content.length).isLessThan(top.content.length);
                same(top, top.content);
                return;
            }

            same(base, expected);
            same(top, top.content);
        });
    }

    @Test
    void rebases(TestReporter reporter) throws IOException {
        repeat(reporter, (random, seed) -> {
            RandomChain chain = chain(random, "r" + seed + "-", 1 + random.nextInt(4));
            RandomChain other = chain(random, "s" + seed + "-", 1 + random.nextInt(3));
            Layer top = chain.top();
            if (!top.format.equals("qcow2")) {
                return;
            }
            Layer onto = switch (random.nextInt(4)) {
                case 0 -> null;
                case 1 -> chain.depth() > 1 ? chain.layer(random.nextInt(chain.depth() - 1)) : other.top();
                default -> other.layer(random.nextInt(other.depth()));
            };

            new Rebase(IMAGES, top.name, OPTIONS)
                    .onto(onto == null ? null : onto.name, onto == null ? null : onto.format)
                    .compress(random.nextInt(3) == 0)
                    .job()
                    .run();

            assertThat(RandomChain.backingOf(IMAGES, top)).isEqualTo(onto == null ? null : onto.name);
            same(top, top.content);
        });
    }
}
