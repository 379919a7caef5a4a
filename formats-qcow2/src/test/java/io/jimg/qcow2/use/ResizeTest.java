package io.jimg.qcow2.use;

import static org.assertj.core.api.Assertions.assertThat;

import io.jimg.DiskImage;
import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.capability.Resizable;
import io.jimg.capability.Resizable.Preallocation;
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
 * Images of all kinds are used and resized in random order. What a disk gains is zero, whatever lies beneath. The
 * system property {@code jimg.resize.seeds} sets how many images are used, {@code jimg.resize.seed} the first seed.
 */
class ResizeTest {
    private static final int SEEDS = Integer.getInteger("jimg.resize.seeds", 80);
    private static final long FIRST = Long.getLong("jimg.resize.seed", 1);
    private static final int RESIZES = 6;
    private static final int STEPS = 6;
    private static final int JUDGED_BY_QEMU = 8;

    @TempDir
    Path folder;

    @Test
    void contentFollowsTheSize(TestReporter reporter) throws IOException {
        Optional<QemuOracle> oracle = QemuOracle.find();
        int resized = 0;
        int refused = 0;
        for (long seed = FIRST; seed < FIRST + SEEDS; seed++) {
            Random random = new Random(seed);
            Configuration configuration = Configuration.random(random, random.nextBoolean());
            Deque<Object> last = new ArrayDeque<>();
            try {
                Making making = new Making(configuration, seed);
                MemoryStorage file = new MemoryStorage("image.qcow2");
                making.make(file);
                byte[] bytes = new byte[0];
                for (int i = 0; i < RESIZES; i++) {
                    try (DiskImage image = making.open(new KeptStorage(file))) {
                        ExpectedContent content = new ExpectedContent(read(image));
                        if (i > 0) {
                            assertThat(content.bytes()).isEqualTo(bytes);
                        }
                        use(image, content, random, last);
                        bytes = resize(image, content.bytes(), random, last);
                        if (bytes == content.bytes()) {
                            refused++;
                        }
                        resized++;
                        content = new ExpectedContent(bytes);
                        content.verifyAll(image);
                        use(image, content, random, last);
                        bytes = content.bytes();
                    }
                    Judge.clean(file);
                    if (oracle.isPresent() && (seed * RESIZES + i) % JUDGED_BY_QEMU == 0) {
                        new Judge(making, folder).byTheRealTools(oracle.get(), file, bytes);
                    }
                }
            } catch (AssertionError | IOException | RuntimeException failure) {
                throw new AssertionError("seed " + seed + ": " + configuration + ", steps " + last, failure);
            }
        }
        reporter.publishEntry("resizes", resized + ", of which were refused or without effect " + refused);
        assertThat(refused).isLessThan(resized / 3);
    }

    private static byte[] read(DiskImage image) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate((int) image.size());
        image.read(bytes, 0);
        return bytes.array();
    }

    private static void use(DiskImage image, ExpectedContent content, Random random, Deque<Object> last)
            throws IOException {
        for (int i = 0; i < STEPS; i++) {
            Step step = Step.random(random);
            if (step.kind() != Step.Kind.REOPEN) {
                last.add(step);
                content.apply(step, image);
            }
        }
    }

    /** The content afterwards; the same object where nothing changed. */
    private static byte[] resize(DiskImage image, byte[] bytes, Random random, Deque<Object> last) throws IOException {
        int limit = random.nextInt(4) == 0 ? 4 << 20 : 300_000;
        int newSize = (1 + random.nextInt(limit / 512)) * 512;
        Preallocation mode = newSize > bytes.length && random.nextBoolean()
                ? Preallocation.values()[random.nextInt(4)]
                : Preallocation.OFF;
        last.add("resize from " + bytes.length + " to " + newSize + " " + mode);
        try {
            image.capability(Resizable.class)
                    .orElseThrow()
                    .resize(newSize, mode, true)
                    .run();
        } catch (ImageException refusal) {
            // Version 2 has no zeroes to hide a backing file, and a refcount table of small clusters fills up.
            assertThat(refusal.kind()).as("%s", refusal).isEqualTo(ErrorKind.UNSUPPORTED);
            assertThat(image.size()).isEqualTo(bytes.length);
            return bytes;
        }
        assertThat(image.size()).isEqualTo(newSize);
        return newSize == bytes.length ? bytes : Arrays.copyOf(bytes, newSize);
    }
}
