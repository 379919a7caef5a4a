package io.jimg.qcow2.use;

import static org.assertj.core.api.Assertions.assertThat;

import io.jimg.DiskImage;
import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.capability.CheckReport;
import io.jimg.capability.Resizable;
import io.jimg.capability.Resizable.Preallocation;
import io.jimg.capability.Snapshots;
import io.jimg.capability.Snapshots.Snapshot;
import io.jimg.capability.VmState;
import io.jimg.qcow2.check.Qcow2Check;
import io.jimg.qcow2.check.RefcountRebuild;
import io.jimg.qcow2.header.Header;
import io.jimg.qcow2.header.IncompatibleFeature;
import io.jimg.qcow2.image.Qcow2Opener;
import io.jimg.storage.FileStorage;
import io.jimg.testkit.ExpectedContent;
import io.jimg.testkit.KeptStorage;
import io.jimg.testkit.QemuOracle;
import io.jimg.testkit.ReorderingStorage;
import io.jimg.testkit.Step;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.TestReporter;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Power is lost at every moment of a snapshot's creation, application and deletion, of growing and shrinking, and of
 * writing a machine's state. What is left holds the disk and the snapshots exactly as before or exactly as after. A
 * version 3 image has leaks at worst, or is marked dirty and has nothing after a repair; in version 2 there may be
 * COPIED flags that do not fit, too, with which it is written on safely, and which the real repair mends. The system
 * property {@code jimg.powerloss.changes} sets how many images are worked on for each operation,
 * {@code jimg.powerloss.seed} the first.
 */
class ChangesPowerLossTest {
    private static final int SEEDS = Integer.getInteger("jimg.powerloss.changes", 12);
    private static final long FIRST = Long.getLong("jimg.powerloss.seed", 1);
    private static final int JUDGED_BY_QEMU = Integer.getInteger("jimg.powerloss.judged", 60);
    private static final int STEPS = 10;

    @TempDir
    Path folder;

    private int crashes;
    private int judged;
    private int dirty;

    /** What is under way when power is lost. */
    enum Operation {
        CREATE,
        APPLY,
        DELETE,
        GROW,
        SHRINK,
        /** A machine's state, for which the L1 table grows. */
        STATE
    }

    /** What an image holds. */
    private record State(byte[] disk, Map<String, byte[]> snapshots) {
        boolean isIn(DiskImage image) throws IOException {
            if (image.size() != disk.length || !Arrays.equals(read(image, disk.length), disk)) {
                return false;
            }
            Snapshots capability = image.capability(Snapshots.class).orElseThrow();
            List<String> ids = capability.list().stream().map(Snapshot::id).toList();
            if (!ids.equals(List.copyOf(snapshots.keySet()))) {
                return false;
            }
            for (String id : ids) {
                try (DiskImage snapshot = capability.open(id)) {
                    int length = (int) Math.min(snapshot.size(), snapshots.get(id).length);
                    if (!Arrays.equals(read(snapshot, length), Arrays.copyOf(snapshots.get(id), length))) {
                        return false;
                    }
                }
            }
            return true;
        }
    }

    @ParameterizedTest
    @EnumSource(Operation.class)
    void leavesTheImageBeforeOrAfter(Operation operation, TestReporter reporter) throws IOException {
        Optional<QemuOracle> oracle = QemuOracle.find();
        int done = 0;
        for (long seed = FIRST; done < SEEDS; seed++) {
            Random random = new Random(seed);
            Configuration configuration = Configuration.random(random, true);
            if (configuration.dataFile()) {
                continue;
            }
            try {
                if (lose(operation, new Making(configuration, seed), random, oracle)) {
                    done++;
                }
            } catch (AssertionError | IOException | RuntimeException failure) {
                throw new AssertionError(operation + ", seed " + seed + ": " + configuration, failure);
            }
        }
        reporter.publishEntry(
                "crash points of " + operation,
                crashes + ", of which left a dirty mark " + dirty + ", judged by the real tools " + judged);
        assertThat(crashes).isGreaterThan(SEEDS * 5);
    }

    /** False where the operation is refused for such an image. */
    private boolean lose(Operation operation, Making making, Random random, Optional<QemuOracle> oracle)
            throws IOException {
        ReorderingStorage storage = new ReorderingStorage("image.qcow2");
        making.make(storage);
        State before;
        try {
            before = prepare(operation, making, storage, random);
        } catch (ImageException refusal) {
            assertThat(refusal.kind()).isIn(ErrorKind.LIMIT, ErrorKind.UNSUPPORTED);
            return false;
        }
        storage.flush();
        State after;
        try (DiskImage image = making.open(new KeptStorage(storage))) {
            Random crashing = new Random(random.nextLong());
            int first = crashes;
            Step plan = Step.random(random);
            State[] expected = {before, plan(operation, before, plan)};
            boolean[] verifying = {false};
            storage.observe(number -> {
                if (!verifying[0]) {
                    verifying[0] = true;
                    verify(making, storage, crashing, expected, oracle);
                    verifying[0] = false;
                }
            });
            try {
                operate(operation, image, before, plan);
            } catch (ImageException refusal) {
                assertThat(refusal.kind()).as("%s", refusal).isIn(ErrorKind.LIMIT, ErrorKind.UNSUPPORTED);
                return false;
            } finally {
                storage.observe(null);
            }
            assertThat(crashes).isGreaterThan(first);
            after = expected[1];
            assertThat(after.isIn(image)).as("done").isTrue();
        }
        Judge.clean(storage);
        return true;
    }

    /** An image with a history, closed. */
    private State prepare(Operation operation, Making making, ReorderingStorage storage, Random random)
            throws IOException {
        Map<String, byte[]> snapshots = new LinkedHashMap<>();
        try (DiskImage image = making.open(new KeptStorage(storage))) {
            ExpectedContent content = new ExpectedContent(read(image, (int) image.size()));
            int wanted = switch (operation) {
                case APPLY, DELETE -> 1 + random.nextInt(2);
                case CREATE, GROW, SHRINK, STATE -> random.nextInt(3) == 0 ? 1 : 0;
            };
            for (int i = 0; i < wanted; i++) {
                use(image, content, random);
                Snapshot made =
                        image.capability(Snapshots.class).orElseThrow().create("prepared", Instant.ofEpochSecond(i));
                snapshots.put(made.id(), content.bytes().clone());
            }
            use(image, content, random);
            return new State(content.bytes(), snapshots);
        }
    }

    private static void use(DiskImage image, ExpectedContent content, Random random) throws IOException {
        for (int i = 0; i < STEPS; i++) {
            Step step = Step.random(random);
            if (step.kind() != Step.Kind.REOPEN) {
                content.apply(step, image);
            }
        }
    }

    private static State plan(Operation operation, State before, Step plan) {
        Map<String, byte[]> snapshots = new LinkedHashMap<>(before.snapshots());
        byte[] disk = before.disk();
        switch (operation) {
            case CREATE -> snapshots.put(Integer.toString(snapshots.size() + 1), disk);
            case APPLY -> disk = snapshots.get("1");
            case DELETE -> snapshots.remove("1");
            case STATE -> {}
            case GROW, SHRINK -> disk = Arrays.copyOf(disk, newSize(operation, disk.length, plan));
        }
        return new State(disk, snapshots);
    }

    private static int newSize(Operation operation, int size, Step plan) {
        return operation == Operation.GROW
                ? size + (1 + (int) (plan.offset() % 400)) * 512
                : 512 + (int) (plan.offset() % (size / 512 - 1)) * 512;
    }

    private static void operate(Operation operation, DiskImage image, State before, Step plan) throws IOException {
        Snapshots snapshots = image.capability(Snapshots.class).orElseThrow();
        switch (operation) {
            case CREATE -> snapshots.create("new", Instant.EPOCH);
            case APPLY -> snapshots.apply("1");
            case DELETE -> snapshots.delete("1");
            case STATE -> {
                image.capability(VmState.class)
                        .orElseThrow()
                        .write(ByteBuffer.wrap(new byte[3000]), plan.offset() * 300L);
                image.flush();
            }
            case GROW, SHRINK ->
                image.capability(Resizable.class)
                        .orElseThrow()
                        .resize(
                                newSize(operation, before.disk().length, plan),
                                operation == Operation.GROW
                                        ? Preallocation.values()[(int) (plan.seed() % 4)]
                                        : Preallocation.OFF,
                                true)
                        .run();
        }
    }

    private void verify(
            Making making, ReorderingStorage storage, Random random, State[] expected, Optional<QemuOracle> oracle)
            throws IOException {
        crashes++;
        long seed = random.nextLong();
        ReorderingStorage left = storage.crash(seed);
        Header header = Qcow2Opener.readHeader(left);
        boolean marked = header.incompatible().has(IncompatibleFeature.DIRTY);
        if (marked) {
            dirty++;
            RefcountRebuild.run(left, header);
        }
        CheckReport report = new Qcow2Check(left, Qcow2Opener.readHeader(left)).run();
        if (header.version() >= 3) {
            assertThat(report.corruptions()).as("marked %s: %s", marked, report).isZero();
        } else {
            assertThat(report.findings())
                    .as("version 2: %s", report)
                    .allMatch(finding -> finding.severity() == CheckReport.Severity.LEAK
                            || finding.sentence().contains("OFLAG_COPIED"));
        }
        if (marked) {
            assertThat(report.clean()).as("%s", report).isTrue();
        }
        try (DiskImage image = making.open(new KeptStorage(left))) {
            assertThat(expected[0].isIn(image) || expected[1].isIn(image))
                    .as("before or after")
                    .isTrue();
            State now = expected[0].isIn(image) ? expected[0] : expected[1];
            ExpectedContent content = new ExpectedContent(now.disk());
            use(image, content, random);
            assertThat(new State(content.bytes(), now.snapshots()).isIn(image))
                    .as("written on")
                    .isTrue();
        }
        if (oracle.isPresent() && random.nextInt(JUDGED_BY_QEMU) == 0) {
            judged++;
            judge(oracle.get(), making, storage.crash(seed));
        }
    }

    private void judge(QemuOracle real, Making making, ReorderingStorage left) throws IOException {
        Path file = folder.resolve("crashed.qcow2");
        Files.deleteIfExists(file);
        try (FileStorage copy = FileStorage.create(file)) {
            left.copyTo(copy);
        }
        List<Object> words = making.configuration().words(file + ",backing=");
        check(real, List.of("check", "-q", "-r", "all"), words);
        check(real, List.of("check", "-q"), words);
    }

    private static void check(QemuOracle real, List<String> command, List<Object> image) {
        List<Object> words = new ArrayList<>(command);
        words.addAll(image);
        real.img(words.toArray()).expectExit(0);
    }

    private static byte[] read(DiskImage image, int length) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(length);
        image.read(bytes, 0);
        return bytes.array();
    }
}
