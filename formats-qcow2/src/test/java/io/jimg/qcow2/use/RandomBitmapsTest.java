package io.jimg.qcow2.use;

import static org.assertj.core.api.Assertions.assertThat;

import io.jimg.DiskImage;
import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.capability.Bitmaps;
import io.jimg.capability.CompressedWrite;
import io.jimg.capability.Resizable;
import io.jimg.storage.MemoryStorage;
import io.jimg.testkit.ExpectedContent;
import io.jimg.testkit.KeptStorage;
import io.jimg.testkit.QemuOracle;
import io.jimg.testkit.Step;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestReporter;
import org.junit.jupiter.api.io.TempDir;

/**
 * Bitmaps are changed, and images written, by chance; a model says what the bitmaps must be, the real check whether the
 * image is sound. The system property {@code jimg.bitmaps.seeds} sets how many images, {@code jimg.bitmaps.seed} the
 * first seed.
 */
class RandomBitmapsTest {
    private static final int SEEDS = Integer.getInteger("jimg.bitmaps.seeds", 40);
    private static final long FIRST = Long.getLong("jimg.bitmaps.seed", 1);
    private static final int STEPS = 60;
    private static final int JUDGED_BY_QEMU = 8;
    private static final int REMEMBERED = 15;

    @TempDir
    Path folder;

    @Test
    void bitmapsSayWhatWasWritten(TestReporter reporter) throws IOException {
        Optional<QemuOracle> oracle = QemuOracle.find();
        int steps = 0;
        int judged = 0;
        for (long seed = FIRST; seed < FIRST + SEEDS; seed++) {
            Random random = new Random(seed);
            Configuration configuration;
            do {
                configuration = Configuration.random(random, random.nextInt(4) > 0);
                // An encrypted disk discards whole sectors, where the model counts every byte.
            } while (configuration.create().contains("compat=v2") || configuration.encrypted());
            Run run = new Run(configuration, seed, random);
            try {
                for (int i = 0; i < STEPS; i++, steps++) {
                    if (run.step() && oracle.isPresent() && random.nextInt(JUDGED_BY_QEMU) == 0) {
                        judged++;
                        run.judge(oracle.get());
                    }
                }
                run.reopen();
                if (oracle.isPresent()) {
                    judged++;
                    run.judge(oracle.get());
                }
            } catch (AssertionError | IOException | RuntimeException failure) {
                throw new AssertionError("seed " + seed + ": " + configuration + ", last " + run.last, failure);
            } finally {
                run.image.close();
            }
        }
        reporter.publishEntry("steps", steps + ", images judged by the real tool: " + judged);
    }

    private final class Run {
        final Making making;
        final MemoryStorage file = new MemoryStorage("image");
        final Random random;
        final BitmapModel model;
        ExpectedContent expected;
        final Deque<String> last = new ArrayDeque<>();
        DiskImage image;

        Run(Configuration configuration, long seed, Random random) throws IOException {
            this.making = new Making(configuration, seed);
            making.make(file);
            this.random = random;
            this.image = making.open(new KeptStorage(file));
            this.model = new BitmapModel(image.size());
            ByteBuffer initial = ByteBuffer.allocate((int) image.size());
            image.read(initial, 0);
            this.expected = new ExpectedContent(initial.array());
        }

        /** Returns whether the image was closed and opened again. */
        boolean step() throws IOException {
            boolean reopened = false;
            switch (random.nextInt(8)) {
                case 0, 1 -> {
                    BitmapModel.Edit edit = model.random(random);
                    remember(edit.toString());
                    edit.apply(bitmaps());
                    edit.apply(model);
                }
                case 2 -> {
                    remember("reopen");
                    reopen();
                    reopened = true;
                }
                case 3 -> {
                    if (random.nextInt(3) == 0) {
                        resize();
                    } else {
                        compress();
                    }
                }
                default -> write();
            }
            if (random.nextInt(4) == 0) {
                model.verify(bitmaps());
            }
            return reopened;
        }

        private void remember(String what) {
            last.add(what);
            if (last.size() > REMEMBERED) {
                last.remove();
            }
        }

        private Bitmaps bitmaps() {
            return image.capability(Bitmaps.class).orElseThrow();
        }

        private void write() throws IOException {
            Step step = Step.random(random).within((int) image.size());
            if (step.kind() == Step.Kind.REOPEN) {
                return;
            }
            remember(step.toString());
            expected.apply(step, image);
            switch (step.kind()) {
                case WRITE, WRITE_FUA, WRITE_VECTORED, ZERO, ZERO_KEEP -> model.written(step.offset(), step.length());
                case DISCARD -> {
                    // An encrypted image discards whole sectors alone, and records no more than that.
                    long unit = image.limits().requestAlignment();
                    long start = (step.offset() + unit - 1) / unit * unit;
                    model.written(start, (step.offset() + step.length()) / unit * unit - start);
                }
                // Where it was refused it may have been recorded or not.
                case ZERO_FAST -> relearn(step);
                default -> {}
            }
        }

        private void relearn(Step step) throws IOException {
            BitmapModel with = model.copy();
            with.written(step.offset(), step.length());
            for (String name : model.entries.keySet()) {
                if (BitmapModel.read(bitmaps().read(name)).equals(with.entry(name).dirty)) {
                    model.entry(name).dirty = with.entry(name).dirty;
                }
            }
        }

        private void resize() throws IOException {
            int newSize = 512 + random.nextInt(600) * 512;
            remember("resize " + newSize);
            image.capability(Resizable.class)
                    .orElseThrow()
                    .resize(newSize, Resizable.Preallocation.OFF, true)
                    .run();
            model.resized(newSize);
            expected = new ExpectedContent(Arrays.copyOf(expected.bytes(), newSize));
        }

        private void compress() throws IOException {
            Optional<CompressedWrite> writer = image.capability(CompressedWrite.class);
            int cluster = image.clusterSize();
            if (writer.isEmpty()) {
                return;
            }
            long at = random.nextInt((int) image.size()) / cluster * (long) cluster;
            ByteBuffer stream = ByteBuffer.allocate(cluster);
            byte[] content = new byte[cluster];
            Arrays.fill(content, (byte) random.nextInt(256));
            if (writer.get().compress(ByteBuffer.wrap(content), stream)) {
                remember("compressed " + at);
                int length = (int) Math.min(cluster, image.size() - at);
                model.written(at, length);
                try {
                    writer.get().writeCompressed(at, stream.flip());
                } catch (ImageException taken) {
                    assertThat(taken.kind()).isEqualTo(ErrorKind.IO);
                    return;
                }
                System.arraycopy(content, 0, expected.bytes(), (int) at, length);
            }
        }

        void reopen() throws IOException {
            image.close();
            try (DiskImage reader = making.opening(false).open(new KeptStorage(file))) {
                model.verify(reader.capability(Bitmaps.class).orElseThrow());
                expected.verifyAll(reader);
            }
            Judge.clean(file);
            image = making.open(new KeptStorage(file));
            model.verify(bitmaps());
        }

        void judge(QemuOracle oracle) throws IOException {
            new Judge(making, folder).byTheRealTools(oracle, file, expected.bytes());
        }
    }

    @Test
    void isAlwaysTheSameForASeed() {
        assertThat(new BitmapModel(1).random(new Random(1))).isEqualTo(new BitmapModel(1).random(new Random(1)));
    }
}
