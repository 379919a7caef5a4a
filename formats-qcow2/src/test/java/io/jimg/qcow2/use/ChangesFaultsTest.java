package io.jimg.qcow2.use;

import static org.assertj.core.api.Assertions.assertThat;

import io.jimg.DiskImage;
import io.jimg.capability.CheckReport;
import io.jimg.capability.Resizable;
import io.jimg.capability.Resizable.Preallocation;
import io.jimg.capability.Snapshots;
import io.jimg.capability.Snapshots.Snapshot;
import io.jimg.qcow2.check.Qcow2Check;
import io.jimg.qcow2.image.Qcow2Opener;
import io.jimg.storage.MemoryStorage;
import io.jimg.testkit.FaultyStorage;
import io.jimg.testkit.FaultyStorage.Call;
import io.jimg.testkit.FaultyStorage.Fault;
import io.jimg.testkit.KeptStorage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.TestReporter;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Every call to the storage fails once, in turn, while a snapshot is made, applied or deleted, or the disk resized. The
 * image that is open stays usable, or says that it is not; the file holds the disk and its snapshots as before or as
 * after, and there are leaks at worst once it was opened for writing and closed.
 */
class ChangesFaultsTest {
    private static final int SIZE = 300 << 10;
    private static final Set<Call> CALLS =
            EnumSet.of(Call.READ, Call.WRITE, Call.ZERO, Call.ALLOCATE, Call.TRUNCATE, Call.FLUSH);

    /** What is tried. */
    enum Operation {
        CREATE,
        APPLY,
        DELETE,
        GROW,
        SHRINK;

        void run(DiskImage image) throws IOException {
            Snapshots snapshots = image.capability(Snapshots.class).orElseThrow();
            Resizable resizable = image.capability(Resizable.class).orElseThrow();
            switch (this) {
                case CREATE -> snapshots.create("new");
                case APPLY -> snapshots.apply("1");
                case DELETE -> snapshots.delete("1");
                case GROW ->
                    resizable
                            .resize(SIZE + 200_192, Preallocation.FALLOC, false)
                            .run();
                case SHRINK ->
                    resizable.resize(SIZE / 3, Preallocation.OFF, true).run();
            }
        }
    }

    private record State(int size, int first, List<String> snapshots) {
        static State of(DiskImage image) throws IOException {
            ByteBuffer one = ByteBuffer.allocate(1);
            image.read(one, 0);
            return new State(
                    (int) image.size(),
                    one.get(0),
                    image.capability(Snapshots.class).orElseThrow().list().stream()
                            .map(Snapshot::name)
                            .toList());
        }
    }

    @ParameterizedTest
    @EnumSource(Operation.class)
    void aFailureLeavesTheImageBeforeOrAfter(Operation operation, TestReporter reporter) throws IOException {
        int tried = 0;
        boolean failed = true;
        for (int n = 1; failed; n++, tried++) {
            MemoryStorage file = prepared();
            FaultyStorage faulty = new FaultyStorage(new KeptStorage(file));
            State before;
            try (DiskImage image = Opening.forWriting().open(faulty)) {
                before = State.of(image);
                faulty.failNth(CALLS, n, Fault.IO);
                failed = fails(operation, image);
                faulty.heal();
            }
            State after;
            try (DiskImage image = Opening.forWriting().open(new KeptStorage(file))) {
                after = State.of(image);
                image.write(ByteBuffer.wrap(new byte[] {9}), 5000);
            }
            CheckReport report = new Qcow2Check(file, Qcow2Opener.readHeader(file)).run();
            assertThat(report.corruptions() + report.checkErrors())
                    .as("call %s of %s: %s", n, operation, report)
                    .isZero();
            assertThat(after).as("call %s of %s", n, operation).isIn(before, expected(operation, before));
        }
        reporter.publishEntry("faults during " + operation, Integer.toString(tried));
        assertThat(tried).isGreaterThan(10);
    }

    private static boolean fails(Operation operation, DiskImage image) {
        try {
            operation.run(image);
            return false;
        } catch (IOException expected) {
            return true;
        }
    }

    private static State expected(Operation operation, State before) {
        return switch (operation) {
            case CREATE -> new State(before.size, before.first, List.of("old", "new"));
            case APPLY -> new State(before.size, 1, before.snapshots);
            case DELETE -> new State(before.size, before.first, List.of());
            case GROW -> new State(SIZE + 200_192, before.first, before.snapshots);
            case SHRINK -> new State(SIZE / 3, before.first, before.snapshots);
        };
    }

    private static MemoryStorage prepared() throws IOException {
        Configuration configuration = new Configuration(
                "cluster_size=4096", "", SIZE, Configuration.Layer.NONE, false, Configuration.Start.MIXED);
        MemoryStorage file = new MemoryStorage("image.qcow2");
        new Making(configuration, 1).make(file);
        try (DiskImage image = Opening.forWriting().open(new KeptStorage(file))) {
            image.write(ByteBuffer.wrap(new byte[] {1}), 0);
            image.capability(Snapshots.class).orElseThrow().create("old");
            image.write(ByteBuffer.wrap(new byte[] {2}), 0);
            image.write(ByteBuffer.wrap(new byte[20_000]), 100_000);
        }
        assertThat(new Qcow2Check(file, Qcow2Opener.readHeader(file)).run().clean())
                .isTrue();
        return file;
    }
}
