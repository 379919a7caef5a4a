package io.jimg.all.faults;

import static org.assertj.core.api.Assertions.assertThat;

import io.jimg.DiskImage;
import io.jimg.ImageException;
import io.jimg.Images;
import io.jimg.all.faults.Operation.Left;
import io.jimg.all.faults.Operation.Subject;
import io.jimg.capability.CheckReport;
import io.jimg.capability.Checkable;
import io.jimg.capability.Repairable;
import io.jimg.ops.Check;
import io.jimg.ops.Rebase;
import io.jimg.testkit.FaultyStorage.Call;
import io.jimg.testkit.FaultyStorage.Fault;
import io.jimg.testkit.LeakDetector;
import io.jimg.testkit.QemuOracle;
import io.jimg.testkit.Tool;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.TestReporter;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Calls to the host fail during every operation, one after another, in every way. The operation says so with a
 * sentence; files that it only reads stay as they are to the byte; an image that is changed in place is sound, and
 * holds what was before or what is after; a new image is removed, or the file emptied; nothing stays open, no thread
 * runs on, and an interrupt stays set.
 *
 * <p>The system property {@code jimg.faults.calls} sets how many calls of an operation are tried with each fault (0 for
 * all), {@code jimg.faults.seed} which of them, {@code jimg.faults.only} a pattern for the operations' names, and
 * {@code jimg.faults.real} which of them are tried over the host's own files, too: every so manyth.
 */
class FaultsTest {
    private static final int CALLS = Integer.getInteger("jimg.faults.calls", 4);
    private static final long SEED = Long.getLong("jimg.faults.seed", 1);
    private static final int REAL = Integer.getInteger("jimg.faults.real", 9);
    private static final String ONLY = System.getProperty("jimg.faults.only", ".*");
    private static final int JUDGED_BY_QEMU = Integer.getInteger("jimg.faults.judged", 100);
    private static final Set<Call> ALL = EnumSet.allOf(Call.class);
    private static final Set<Call> GROWING = EnumSet.of(Call.WRITE, Call.ZERO, Call.ALLOCATE, Call.COPY, Call.CREATE);

    @TempDir
    Path folder;

    private FaultyFiles files = FaultyFiles.inMemory();
    private Scene scene = new Scene(Images.standard().with(files));
    private final Map<String, FileState> before = new HashMap<>();
    private final Map<String, FileState> after = new HashMap<>();
    private Map<String, byte[]> prepared = Map.of();
    private int verified;
    private int judged;

    /** A way in which the host fails. */
    private enum Way {
        ERROR(ALL, Fault.IO, false),
        SHORT(EnumSet.of(Call.READ, Call.WRITE), Fault.SHORT, false),
        DEAD(ALL, Fault.IO, true),
        FULL(GROWING, Fault.NO_SPACE, true),
        FULL_FOR_A_MOMENT(GROWING, Fault.NO_SPACE, false),
        UNSUPPORTED(EnumSet.of(Call.ZERO, Call.PUNCH, Call.ALLOCATE, Call.COPY), Fault.UNSUPPORTED, false),
        INTERRUPT(ALL, Fault.INTERRUPT, false);

        private final Set<Call> calls;
        private final Fault fault;
        private final boolean forGood;

        Way(Set<Call> calls, Fault fault, boolean forGood) {
            this.calls = calls;
            this.fault = fault;
            this.forGood = forGood;
        }
    }

    static List<Operation> operations() {
        return Operations.all().stream()
                .filter(operation -> operation.name.matches(ONLY))
                .toList();
    }

    static List<Operation> operationsOverFiles() {
        List<Operation> all = operations();
        return IntStream.range(0, all.size())
                .filter(i -> i % REAL == 0)
                .mapToObj(all::get)
                .toList();
    }

    /** As below, over files of the host, of whose descriptors none stays. */
    @ParameterizedTest
    @MethodSource("operationsOverFiles")
    @Timeout(600)
    void aFaultOverTheHostsFilesLeaksNothing(Operation operation, TestReporter reporter) throws IOException {
        files = FaultyFiles.in(Files.createDirectory(folder.resolve("host")));
        scene = new Scene(Images.standard().with(files));
        aFaultIsReportedAndHurtsNothing(operation, reporter);
    }

    @ParameterizedTest
    @MethodSource("operations")
    @Timeout(600)
    void aFaultIsReportedAndHurtsNothing(Operation operation, TestReporter reporter) throws IOException {
        operation.prepare.in(scene);
        prepared = files.contents();
        look(operation, before);
        Map<Way, Long> counts = new TreeMap<>();
        for (Way way : Way.values()) {
            counts.put(way, files.plan().count(way.calls));
        }
        operation.action.in(scene);
        for (Way way : Way.values()) {
            counts.put(way, files.plan().count(way.calls) - counts.get(way));
        }
        files.leaks().assertAllClosed();
        assertThat(files.offences()).isEmpty();
        assertUntouched(operation);
        look(operation, after);

        Random random = new Random(SEED);
        long raised = files.plan().raised();
        int reported = 0;
        int tried = 0;
        for (Way way : Way.values()) {
            for (long call : chosen(counts.get(way), operation, random)) {
                tried++;
                try {
                    if (fail(operation, way, call)) {
                        reported++;
                    }
                } catch (AssertionError | IOException | RuntimeException failure) {
                    throw new AssertionError(way + " at call " + call + " of " + counts.get(way), failure);
                }
            }
        }
        reporter.publishEntry(
                operation.name,
                "runs " + tried + ", faults " + (files.plan().raised() - raised) + ", reported " + reported
                        + ", judged by the real tools " + judged);
        assertThat(reported).isPositive();
    }

    private static List<Long> chosen(long count, Operation operation, Random random) {
        List<Long> calls = new ArrayList<>();
        long wanted = Math.max(1, CALLS / operation.cost);
        if (CALLS == 0 || count <= wanted) {
            for (long call = 1; call <= count; call++) {
                calls.add(call);
            }
        } else {
            for (long i = 0; i < wanted; i++) {
                long from = count * i / wanted;
                calls.add(1 + from + random.nextInt((int) (count * (i + 1) / wanted - from)));
            }
        }
        return calls;
    }

    private void look(Operation operation, Map<String, FileState> states) throws IOException {
        for (Subject subject : operation.changed) {
            try {
                states.put(subject.name(), FileState.of(scene, subject));
            } catch (IOException damaged) {
                if (subject.left() != Left.AGAIN) {
                    throw damaged;
                }
            }
        }
        if (states == after) {
            for (Subject subject : operation.made) {
                states.put(subject.name(), FileState.of(scene, subject));
            }
        }
    }

    /** Whether the operation reported the fault. */
    private boolean fail(Operation operation, Way way, long call) throws IOException {
        files.restore(prepared);
        if (way.forGood) {
            files.plan().failFrom(way.calls, call, way.fault);
        } else {
            files.plan().failNth(way.calls, call, way.fault);
        }
        @Nullable IOException failure = null;
        try {
            operation.action.in(scene);
        } catch (IOException expected) {
            failure = expected;
        } finally {
            files.plan().heal();
            // Whether it is set after an interrupt depends on which thread made the call.
            assertThat(Thread.interrupted() && way != Way.INTERRUPT)
                    .as("interrupted by nobody")
                    .isFalse();
        }
        if (failure != null) {
            assertThat(failure.getMessage()).as("the sentence of %s", failure).isNotBlank();
        }
        files.leaks().assertAllClosed();
        LeakDetector.assertNoOpenFiles(folder);
        assertThat(files.offences()).isEmpty();
        assertThat(Thread.getAllStackTraces().keySet())
                .extracting(Thread::getName)
                .noneMatch(name -> name.startsWith("jimg"));
        assertUntouched(operation);
        try {
            for (Subject subject : operation.changed) {
                verifyChanged(operation, subject, failure != null);
            }
            for (Subject subject : operation.made) {
                verifyMade(operation, subject, failure != null);
            }
        } catch (AssertionError | IOException | RuntimeException wrong) {
            if (failure != null) {
                wrong.addSuppressed(failure);
            }
            throw wrong;
        }
        return failure != null;
    }

    private void assertUntouched(Operation operation) throws IOException {
        Map<String, byte[]> now = files.contents();
        List<String> named = new ArrayList<>(operation.parts);
        operation.changed.forEach(subject -> named.add(subject.name()));
        operation.made.forEach(subject -> named.add(subject.name()));
        named.forEach(now::remove);
        Map<String, byte[]> expected = new TreeMap<>(prepared);
        named.forEach(expected::remove);
        assertThat(now).containsOnlyKeys(expected.keySet());
        now.forEach((name, bytes) -> assertThat(bytes).as(name).isEqualTo(expected.get(name)));
    }

    private void verifyMade(Operation operation, Subject subject, boolean failed) throws IOException {
        if (!failed) {
            FileState state = FileState.of(scene, subject);
            FileState expected = after.get(subject.name());
            assertThat(subject.left() == Left.NOISE ? state.sameSize(expected) : state.same(expected))
                    .as("after success: %s", state)
                    .isTrue();
            sound(subject);
            return;
        }
        Map<String, byte[]> now = files.contents();
        List<String> names = new ArrayList<>(operation.parts);
        names.add(subject.name());
        for (String name : names) {
            if (prepared.containsKey(name)) {
                if (now.get(name).length > 0 && !Arrays.equals(now.get(name), prepared.get(name))) {
                    verifyNotHalf(subject);
                }
            } else {
                assertThat(now).as("files that are left").doesNotContainKey(name);
            }
        }
    }

    /** A host that does not even empty a file that was there before leaves no image in it, or the whole one. */
    private void verifyNotHalf(Subject subject) {
        try {
            FileState left = FileState.of(scene, subject);
            assertThat(left.same(after.get(subject.name())))
                    .as("what is left of %s: %s", subject.name(), left)
                    .isTrue();
        } catch (IOException noImage) {
            assertThat(noImage).isInstanceOf(ImageException.class);
        }
    }

    private void verifyChanged(Operation operation, Subject subject, boolean failed) throws IOException {
        FileState first = before.get(subject.name());
        FileState second = after.get(subject.name());
        if (subject.left() == Left.AGAIN) {
            operation.action.in(scene);
            FileState again = FileState.of(scene, subject);
            assertThat(again.same(second)).as("%s, expected %s", again, second).isTrue();
            sound(subject);
            return;
        }
        FileState now = failed && subject.left() == Left.LINKED ? linked(subject, first) : FileState.of(scene, subject);
        boolean right = switch (subject.left()) {
            case EITHER, LINKED -> now.same(second) || failed && now.same(first);
            case MIXED -> failed ? now.between(first, second) : now.same(second);
            default -> now.between(first, second);
        };
        assertThat(right)
                .as("%s is %s, before %s, after %s", subject.name(), now, first, second)
                .isTrue();
        assertThat(now.bitmapsOf(first, second)).as("%s", now.bitmaps()).isTrue();
        sound(subject);
    }

    /** What a child shows, once it knows its parent again where the fault came between the two descriptors' changes. */
    private FileState linked(Subject subject, FileState first) throws IOException {
        try {
            return FileState.of(scene, subject);
        } catch (ImageException estranged) {
            assertThat(estranged).hasRootCauseMessage("the parent's content is not that which the child was made of");
            new Rebase(scene.images(), subject.name(), Scene.how(subject.format(), subject.options()))
                    .onto(first.backing().orElseThrow(), subject.format())
                    .unsafe(true)
                    .job()
                    .run();
            return FileState.of(scene, subject);
        }
    }

    /** Leaks at worst, after a repair where the image is marked. */
    private void sound(Subject subject) throws IOException {
        boolean marked;
        try (DiskImage image = scene.images().open(subject.name(), Scene.how(subject.format(), subject.options()))) {
            marked = image.dirty();
        }
        Optional<QemuOracle> oracle = QemuOracle.find();
        if (subject.format().equals("qcow2") && oracle.isPresent() && verified++ % JUDGED_BY_QEMU == 0) {
            judge(oracle.get(), subject, marked);
        }
        if (marked) {
            try (DiskImage image = scene.images()
                    .open(
                            subject.name(),
                            Scene.how(subject.format(), subject.options())
                                    .withWritable(true)
                                    .withToCheck(true))) {
                Check.repair(image, Repairable.Mode.ALL).run();
            }
        }
        try (DiskImage image = scene.images()
                .open(
                        subject.name(),
                        Scene.how(subject.format(), subject.options()).withToCheck(true))) {
            if (image.capability(Checkable.class).isPresent()) {
                CheckReport report = Check.of(image).run();
                assertThat(report.corruptions() + report.checkErrors())
                        .as("%s", report)
                        .isZero();
            }
        }
    }

    private void judge(QemuOracle oracle, Subject subject, boolean marked) throws IOException {
        judged++;
        Map<String, byte[]> contents = files.contents();
        for (Map.Entry<String, byte[]> file : contents.entrySet()) {
            Files.write(folder.resolve(file.getKey()), file.getValue());
        }
        List<Object> words = new ArrayList<>(List.of("check", "-q"));
        if (marked) {
            words.addAll(List.of("-r", "all"));
        }
        if (subject.options().isEmpty()) {
            words.addAll(List.of("-f", "qcow2", subject.name()));
        } else {
            words.addAll(List.of(
                    "--object",
                    "secret,id=s,data=word of s",
                    "--image-opts",
                    "driver=qcow2," + subject.options() + ",file.filename=" + subject.name()));
        }
        Tool.Result result = oracle.imgIn(folder, words.toArray());
        assertThat(result.exitCode()).as("%s", result).isIn(0, 3);
        for (String name : contents.keySet()) {
            Files.delete(folder.resolve(name));
        }
    }
}
