package io.jimg.all;

import static org.assertj.core.api.Assertions.assertThat;

import io.jimg.DiskImage;
import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.Images;
import io.jimg.OpenOptions;
import io.jimg.all.RandomChain.Layer;
import io.jimg.capability.CheckReport;
import io.jimg.ops.Check;
import io.jimg.ops.Commit;
import io.jimg.ops.Rebase;
import io.jimg.spi.OpenGate;
import java.io.IOException;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestReporter;

/**
 * Power is lost on all disks of a chain at once while it is committed or rebased. What is left opens, has leaks at
 * worst, and its top reads as before; the backing file is the old one or the new one. The system property
 * {@code jimg.powerloss.seeds} sets how many chains are worked on, {@code jimg.powerloss.seed} the first.
 */
class ChainsPowerLossTest {
    private static final int SEEDS = Integer.getInteger("jimg.powerloss.seeds", 60);
    private static final long FIRST = Long.getLong("jimg.powerloss.seed", 1);
    private static final double CHANCE = 0.2;
    private static final OpenOptions OPTIONS =
            OpenOptions.DEFAULT.withFormat("qcow2").withGate(OpenGate.ALLOW);

    private final DisksProtocol disks = new DisksProtocol();
    private final Images images = Images.standard().with(disks);
    private int crashes;

    /** What is tried on a chain. */
    private interface Trial {
        void run(Random random, long seed) throws IOException;
    }

    private void repeat(TestReporter reporter, Trial trial) throws IOException {
        for (long seed = FIRST; seed < FIRST + SEEDS; seed++) {
            disks.disks.clear();
            try {
                trial.run(new Random(seed), seed);
            } catch (AssertionError | IOException | RuntimeException failure) {
                throw new AssertionError("seed " + seed, failure);
            }
        }
        reporter.publishEntry("crash points", Integer.toString(crashes));
        assertThat(crashes).isGreaterThan(SEEDS);
    }

    private RandomChain chain(Random random, String word, int depth) throws IOException {
        return new RandomChain(images, name -> "disks:" + name, word, random, depth, 0);
    }

    /** What must hold of what was left. */
    private interface Judgement {
        void of(Images left) throws IOException;
    }

    private void loseDuring(Random random, Judgement judgement) throws IOException {
        disks.flush();
        disks.observe(number -> {
            if (random.nextDouble() < CHANCE) {
                crashes++;
                judgement.of(Images.standard().with(disks.crash(random)));
            }
        });
    }

    private static void sound(Images left, RandomChain chain) throws IOException {
        for (int i = 0; i < chain.depth(); i++) {
            Layer layer = chain.layer(i);
            if (layer.format.equals("qcow2")) {
                repairIfMarked(left, layer);
                try (DiskImage image =
                        left.open(layer.name, OPTIONS.withBacking(false).withToCheck(true))) {
                    CheckReport report = Check.of(image).run();
                    assertThat(report.corruptions() + report.checkErrors())
                            .as("%s: %s", layer.name, report.findings())
                            .isZero();
                }
            }
        }
    }

    /** A change whose steps cross wrong refcounts marks the image, and whoever opens it next repairs it. */
    private static void repairIfMarked(Images left, Layer layer) throws IOException {
        boolean marked;
        try (DiskImage image = left.open(layer.name, OPTIONS.withBacking(false).withToCheck(true))) {
            marked = image.dirty();
        }
        if (marked) {
            left.open(layer.name, OPTIONS.withBacking(false).withWritable(true)).close();
        }
    }

    @Test
    void commits(TestReporter reporter) throws IOException {
        repeat(reporter, (random, seed) -> {
            RandomChain chain = chain(random, "c", 2 + random.nextInt(2));
            Layer top = chain.top();
            Layer base = chain.layer(random.nextInt(chain.depth() - 1));
            boolean toBacking = base == chain.layer(chain.depth() - 2) && random.nextInt(4) > 0;
            loseDuring(random, left -> {
                RandomChain.verify(left, top, top.content);
                sound(left, chain);
                RandomChain.verify(left, top, top.content);
            });
            try {
                new Commit(images, top.name, OPTIONS)
                        .base(toBacking ? null : base.name)
                        .job()
                        .run();
            } catch (ImageException refused) {
                assertThat(refused.kind()).isEqualTo(ErrorKind.UNSUPPORTED);
            }
            disks.observe(null);
            RandomChain.verify(images, top, top.content);
        });
    }

    @Test
    void rebases(TestReporter reporter) throws IOException {
        repeat(reporter, (random, seed) -> rebase(random, false));
    }

    /** The name alone changes between two files of the same content. */
    @Test
    void changesOfTheName(TestReporter reporter) throws IOException {
        repeat(reporter, (random, seed) -> rebase(random, true));
    }

    private void rebase(Random random, boolean unsafe) throws IOException {
        RandomChain chain = chain(random, "r", 2 + random.nextInt(2));
        Layer top = chain.top();
        @Nullable Layer onto;
        if (unsafe) {
            Layer old = chain.layer(chain.depth() - 2);
            String word = "x".repeat(1 + random.nextInt(300));
            disks.disks.put(word, disks.disk(old.name));
            onto = new Layer("disks:" + word, old.format, old.content);
        } else {
            onto = random.nextInt(4) == 0
                    ? null
                    : chain(random, "s", 1 + random.nextInt(2)).top();
        }
        @Nullable String newName = onto == null ? null : onto.name;
        String oldName = RandomChain.backingOf(images, top);
        loseDuring(random, left -> {
            sound(left, chain);
            String named = RandomChain.backingOf(left, top);
            assertThat(named == null ? "" : named).isIn(oldName, newName == null ? "" : newName);
            RandomChain.verify(left, top, top.content);
        });
        boolean refused = false;
        try {
            new Rebase(images, top.name, OPTIONS)
                    .onto(newName, onto == null ? null : onto.format)
                    .unsafe(unsafe)
                    .compress(random.nextInt(3) == 0)
                    .job()
                    .run();
        } catch (ImageException tooLong) {
            assertThat(tooLong).hasMessageEndingWith("No space left in the file header");
            refused = true;
        }
        disks.observe(null);
        assertThat(RandomChain.backingOf(images, top)).isEqualTo(refused ? oldName : newName);
        RandomChain.verify(images, top, top.content);
    }
}
