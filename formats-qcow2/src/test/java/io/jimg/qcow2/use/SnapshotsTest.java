package io.jimg.qcow2.use;

import static org.assertj.core.api.Assertions.assertThat;

import io.jimg.DiskImage;
import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.capability.CheckReport;
import io.jimg.capability.Checkable;
import io.jimg.capability.Resizable;
import io.jimg.capability.Resizable.Preallocation;
import io.jimg.capability.Snapshots;
import io.jimg.capability.Snapshots.Snapshot;
import io.jimg.storage.MemoryStorage;
import io.jimg.testkit.ExpectedContent;
import io.jimg.testkit.KeptStorage;
import io.jimg.testkit.QemuOracle;
import io.jimg.testkit.Step;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestReporter;
import org.junit.jupiter.api.io.TempDir;

/**
 * Images of all kinds are written, and snapshots of them made, applied and deleted, and the disk resized, in random
 * order; after each step our check finds nothing, and the disk and each snapshot hold what a model says. The real tools
 * judge a sample. The system property {@code jimg.snapshots.seeds} sets how many images are used,
 * {@code jimg.snapshots.seed} the first seed, {@code jimg.snapshots.judged} one in how many steps the real tools judge.
 */
class SnapshotsTest {
    private static final int SEEDS = Integer.getInteger("jimg.snapshots.seeds", 60);
    private static final long FIRST = Long.getLong("jimg.snapshots.seed", 1);
    private static final int JUDGED = Integer.getInteger("jimg.snapshots.judged", 40);
    private static final int OPERATIONS = 20;
    private static final int STEPS = 5;
    private static final int REMEMBERED = 40;

    @TempDir
    Path folder;

    private int operations;
    private int refusals;
    private int judged;

    @Test
    void snapshotsHoldWhatTheDiskHeld(TestReporter reporter) throws IOException {
        Optional<QemuOracle> oracle = QemuOracle.find();
        for (long seed = FIRST; seed < FIRST + SEEDS; seed++) {
            Random random = new Random(seed);
            Configuration configuration = Configuration.random(random, random.nextBoolean());
            Run run = new Run(new Making(configuration, seed), random, oracle);
            try {
                run.run();
            } catch (AssertionError | IOException | RuntimeException failure) {
                throw new AssertionError("seed " + seed + ": " + configuration + ", last " + run.last, failure);
            }
        }
        reporter.publishEntry(
                "operations", operations + ", refused " + refusals + ", judged by the real tools " + judged);
        assertThat(refusals).isLessThan(operations / 2);
    }

    private final class Run {
        private final Making making;
        private final Random random;
        private final Optional<QemuOracle> oracle;
        private final MemoryStorage file = new MemoryStorage("image.qcow2");
        private final Map<String, byte[]> snapshots = new LinkedHashMap<>();
        private final Deque<Object> last = new ArrayDeque<>();
        private byte[] disk = new byte[0];
        private DiskImage image;

        Run(Making making, Random random, Optional<QemuOracle> oracle) throws IOException {
            this.making = making;
            this.random = random;
            this.oracle = oracle;
            making.make(file);
            this.image = making.open(new KeptStorage(file));
            this.disk = read(image, (int) image.size());
        }

        void run() throws IOException {
            try {
                for (int i = 0; i < OPERATIONS; i++) {
                    use();
                    operate();
                    operations++;
                    verify();
                    if (oracle.isPresent() && random.nextInt(JUDGED) == 0) {
                        image.close();
                        judge(oracle.get());
                        image = making.open(new KeptStorage(file));
                    }
                }
            } finally {
                image.close();
            }
            Judge.clean(file);
        }

        private void use() throws IOException {
            ExpectedContent content = new ExpectedContent(disk);
            for (int i = 0; i < STEPS; i++) {
                Step step = Step.random(random);
                if (step.kind() == Step.Kind.REOPEN) {
                    image.close();
                    image = making.open(new KeptStorage(file));
                } else {
                    remember(step);
                    content.apply(step, image);
                }
            }
            disk = content.bytes();
        }

        private void operate() throws IOException {
            try {
                switch (random.nextInt(6)) {
                    case 0, 1 -> create();
                    case 2 -> apply();
                    case 3 -> delete();
                    case 4 -> resize();
                    default -> {
                        remember("reopen");
                        image.close();
                        image = making.open(new KeptStorage(file));
                    }
                }
            } catch (ImageException refusal) {
                assertThat(refusal.kind()).as("%s", refusal).isIn(ErrorKind.UNSUPPORTED, ErrorKind.LIMIT);
                remember("refused: " + refusal.getMessage());
                refusals++;
            }
        }

        private void create() throws IOException {
            String name = "snapshot " + random.nextInt(1000);
            remember("create " + name);
            Snapshot made = capability().create(name, Instant.ofEpochSecond(1_700_000_000L, 5));
            assertThat(made.name()).isEqualTo(name);
            assertThat(made.diskSize()).isEqualTo(disk.length);
            assertThat(snapshots.put(made.id(), disk.clone())).as("a new id").isNull();
        }

        private void apply() throws IOException {
            String id = anyId();
            remember("apply " + id);
            if (id != null) {
                capability().apply(id);
                disk = snapshots.get(id).clone();
            }
        }

        private void delete() throws IOException {
            String id = anyId();
            remember("delete " + id);
            if (id != null) {
                capability().delete(id);
                snapshots.remove(id);
            }
        }

        private void resize() throws IOException {
            int newSize = (1 + random.nextInt(random.nextInt(4) == 0 ? 5000 : 600)) * 512;
            Preallocation mode = newSize > disk.length ? Preallocation.values()[random.nextInt(4)] : Preallocation.OFF;
            remember("resize from " + disk.length + " to " + newSize + " " + mode);
            image.capability(Resizable.class)
                    .orElseThrow()
                    .resize(newSize, mode, true)
                    .run();
            disk = Arrays.copyOf(disk, newSize);
        }

        private @Nullable String anyId() {
            List<String> ids = new ArrayList<>(snapshots.keySet());
            return ids.isEmpty() ? null : ids.get(random.nextInt(ids.size()));
        }

        private void verify() throws IOException {
            if (image.dirty()) {
                // Refcounts that are lazy are right once it is closed.
                image.close();
                image = making.open(new KeptStorage(file));
            }
            CheckReport report =
                    image.capability(Checkable.class).orElseThrow().check().run();
            assertThat(report.clean()).as("%s", report).isTrue();
            new ExpectedContent(disk).verifyAll(image);
            assertThat(capability().list().stream().map(Snapshot::id)).containsExactlyElementsOf(snapshots.keySet());
            for (Map.Entry<String, byte[]> each : snapshots.entrySet()) {
                try (DiskImage snapshot = capability().open(each.getKey())) {
                    int length = (int) Math.min(snapshot.size(), each.getValue().length);
                    assertThat(read(snapshot, length))
                            .as("snapshot %s", each.getKey())
                            .isEqualTo(Arrays.copyOf(each.getValue(), length));
                }
            }
        }

        private void judge(QemuOracle real) throws IOException {
            judged++;
            new Judge(making, folder).byTheRealTools(real, file, disk);
            for (Map.Entry<String, byte[]> each : snapshots.entrySet()) {
                Path out = folder.resolve("snapshot.raw");
                List<Object> words =
                        new ArrayList<>(List.of("convert", "-l", "snapshot.id=" + each.getKey(), "-O", "raw"));
                words.addAll(making.configuration().words("image.qcow2"));
                words.add(out);
                real.imgIn(folder, words.toArray()).expectExit(0);
                byte[] theirs = Files.readAllBytes(out);
                int length = Math.min(theirs.length, each.getValue().length);
                assertThat(Arrays.copyOf(theirs, length)).isEqualTo(Arrays.copyOf(each.getValue(), length));
            }
        }

        private Snapshots capability() {
            return image.capability(Snapshots.class).orElseThrow();
        }

        private void remember(Object step) {
            last.add(step);
            if (last.size() > REMEMBERED) {
                last.remove();
            }
        }
    }

    private static byte[] read(DiskImage image, int length) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(length);
        image.read(bytes, 0);
        return bytes.array();
    }
}
