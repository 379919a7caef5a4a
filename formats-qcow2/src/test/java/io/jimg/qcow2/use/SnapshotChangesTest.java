package io.jimg.qcow2.use;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.jimg.DiskImage;
import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.capability.Repairable;
import io.jimg.capability.Resizable;
import io.jimg.capability.Resizable.Preallocation;
import io.jimg.capability.Snapshots;
import io.jimg.capability.Snapshots.Snapshot;
import io.jimg.qcow2.check.Qcow2Repair;
import io.jimg.qcow2.header.HeaderFields;
import io.jimg.qcow2.header.HeaderLimits;
import io.jimg.storage.MemoryStorage;
import io.jimg.testdata.GoldenImages;
import io.jimg.testkit.KeptStorage;
import io.jimg.testkit.QemuOracle;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What is refused leaves an image as it was; what other tools wrote of a snapshot stays. */
class SnapshotChangesTest {
    private static final int CLUSTER = 65536;
    private static final int SIZE = 1 << 20;

    @TempDir
    Path folder;

    private static MemoryStorage image(String options) throws IOException {
        MemoryStorage file = new MemoryStorage("image.qcow2");
        new Making(configuration(options), 1).make(file);
        return file;
    }

    private static Configuration configuration(String options) {
        return new Configuration(options, "", SIZE, Configuration.Layer.NONE, false, Configuration.Start.EMPTY);
    }

    private static DiskImage open(MemoryStorage file) throws IOException {
        return Opening.forWriting().open(new KeptStorage(file));
    }

    private static Snapshots snapshots(DiskImage image) {
        return image.capability(Snapshots.class).orElseThrow();
    }

    private static byte[] bytes(MemoryStorage file, long offset, int length) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(length);
        file.read(bytes, offset);
        return bytes.array();
    }

    private static byte[] all(MemoryStorage file) throws IOException {
        return bytes(file, 0, (int) file.size());
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 4})
    void narrowRefcountsAreRefusedBeforeTheyOverflow(int width) throws IOException {
        MemoryStorage file = image("refcount_bits=" + width);
        try (DiskImage image = open(file)) {
            image.write(ByteBuffer.wrap(new byte[] {1}), 0);
            for (int i = 1; i < (1 << width) - 1; i++) {
                snapshots(image).create("number " + i);
            }
        }
        byte[] before = all(file);
        // The table's clusters count as in use.
        new Qcow2Repair(file, Repairable.Mode.ALL).run();
        try (DiskImage image = open(file)) {
            assertThatThrownBy(() -> snapshots(image).create("one more"))
                    .isInstanceOf(ImageException.class)
                    .hasMessage("Could not create snapshot 'one more': Invalid argument")
                    .extracting(failure -> ((ImageException) failure).kind())
                    .isEqualTo(ErrorKind.LIMIT);
            assertThat(snapshots(image).list()).hasSize((1 << width) - 2);
        }
        assertThat(Arrays.equals(all(file), before)).as("unchanged").isTrue();
        Judge.clean(file);
    }

    @Test
    void compressedClustersThatShareAHostClusterAreCounted() throws IOException {
        Configuration compressed = new Configuration(
                "refcount_bits=4,cluster_size=16384",
                "",
                SIZE,
                Configuration.Layer.NONE,
                false,
                Configuration.Start.COMPRESSED);
        MemoryStorage file = new MemoryStorage("image.qcow2");
        new Making(compressed, 1).make(file);
        byte[] before = all(file);
        try (DiskImage image = open(file)) {
            int made = 0;
            try {
                while (made < 16) {
                    snapshots(image).create("number " + made);
                    made++;
                }
            } catch (ImageException full) {
                assertThat(full.kind()).isEqualTo(ErrorKind.LIMIT);
            }
            // Several streams lie in one host cluster, each of which every snapshot refers to once.
            assertThat(made).isBetween(1, 7);
            for (Snapshot each : snapshots(image).list()) {
                snapshots(image).delete(each.id());
            }
        }
        Judge.clean(file);
        assertThat(before).isNotEmpty();
    }

    @Test
    void namesAreNoLongerThanTheyMayBe() throws IOException {
        try (DiskImage image = open(image(""))) {
            snapshots(image).create("x".repeat(255));
            assertThatThrownBy(() -> snapshots(image).create("x".repeat(256))).isInstanceOf(ImageException.class);
            assertThatThrownBy(() -> snapshots(image).create("\u00e4".repeat(128)))
                    .isInstanceOf(ImageException.class);
            assertThat(snapshots(image).list()).hasSize(1);
        }
    }

    @Test
    void anIdGoesBeforeAName() throws IOException {
        MemoryStorage file = image("");
        try (DiskImage image = open(file)) {
            for (String name : List.of("a", "1", "a")) {
                image.write(
                        ByteBuffer.wrap(name.getBytes("US-ASCII")),
                        snapshots(image).list().size());
                snapshots(image).create(name, Instant.ofEpochSecond(7, 8));
            }
            assertThat(snapshots(image).list()).extracting(Snapshot::id).containsExactly("1", "2", "3");
            assertThat(snapshots(image).delete("1").name()).isEqualTo("a");
            assertThat(snapshots(image).delete("1").id()).isEqualTo("2");
            assertThat(snapshots(image).create("b").id()).isEqualTo("4");
            assertThat(snapshots(image).apply("a")).isEqualTo(new Snapshot("3", "a", 0, 7, 8, 0, 0, SIZE));
            assertThatThrownBy(() -> snapshots(image).apply("nothing"))
                    .hasMessage(
                            "Could not apply snapshot 'nothing': Failed to load snapshot: No such file or directory");
            assertThatThrownBy(() -> snapshots(image).delete("nothing"))
                    .hasMessage("Could not delete snapshot 'nothing': snapshot not found");
        }
        Judge.clean(file);
    }

    @Test
    void extraDataThatNobodyKnowsStays() throws IOException {
        MemoryStorage file = image("");
        try (DiskImage image = open(file)) {
            snapshots(image).create("old");
        }
        // The entry with 16 bytes more of extra data in front of its id and name.
        long table =
                ByteBuffer.wrap(bytes(file, HeaderFields.SNAPSHOTS_OFFSET, 8)).getLong();
        ByteBuffer entry = ByteBuffer.allocate(88);
        entry.put(bytes(file, table, 64)).putLong(0x1122334455667788L).putLong(0x99aabbccddeeff00L);
        entry.put(bytes(file, table + 64, 4)).putInt(36, 40);
        file.write(entry.clear(), table);
        try (DiskImage image = open(file)) {
            snapshots(image).create("new");
            snapshots(image).create("newer");
            snapshots(image).delete("new");
            snapshots(image).apply("old");
        }
        Judge.clean(file);
        long moved =
                ByteBuffer.wrap(bytes(file, HeaderFields.SNAPSHOTS_OFFSET, 8)).getLong();
        assertThat(bytes(file, moved, 88)).isEqualTo(entry.array());
    }

    @Test
    void whatIsOpenIsNotDeleted() throws IOException {
        MemoryStorage file = image("");
        try (DiskImage image = open(file)) {
            String id = snapshots(image).create("open").id();
            snapshots(image).create("other");
            try (DiskImage opened = snapshots(image).open("open");
                    DiskImage again = snapshots(image).open(id)) {
                again.close();
                assertThatThrownBy(() -> snapshots(image).delete("open"))
                        .hasMessage("Could not delete snapshot 'open': the snapshot is open as an image")
                        .extracting(failure -> ((ImageException) failure).kind())
                        .isEqualTo(ErrorKind.LOCKED);
                snapshots(image).delete("other");
                opened.read(ByteBuffer.allocate(512), 0);
            }
            snapshots(image).delete("open");
            assertThat(snapshots(image).list()).isEmpty();
        }
        Judge.clean(file);
    }

    @Test
    void thereAreNoMoreThanQemuTakes() throws IOException {
        MemoryStorage file = image("");
        // Snapshots of nothing: without L1 table, id and name, 40 bytes each, behind all else.
        long table = (file.size() + CLUSTER - 1) / CLUSTER * CLUSTER;
        file.truncate(table + HeaderLimits.MAX_SNAPSHOTS * 40L);
        file.write(
                ByteBuffer.allocate(12)
                        .putInt(HeaderLimits.MAX_SNAPSHOTS)
                        .putLong(table)
                        .clear(),
                HeaderFields.SNAPSHOT_COUNT);
        // The table's clusters count as in use.
        new Qcow2Repair(file, Repairable.Mode.ALL).run();
        try (DiskImage image = open(file)) {
            assertThatThrownBy(() -> snapshots(image).create("one more"))
                    .hasMessage("Could not create snapshot 'one more': File too large")
                    .extracting(failure -> ((ImageException) failure).kind())
                    .isEqualTo(ErrorKind.LIMIT);
            assertThat(snapshots(image).list()).hasSize(HeaderLimits.MAX_SNAPSHOTS);
        }
    }

    @Test
    void theStateOfAMachineStaysItsSnapshots() throws IOException {
        QemuOracle oracle = QemuOracle.assumePresent();
        Path file = GoldenImages.named("snapshots-state").copyTo(folder);
        MemoryStorage storage = new MemoryStorage("image.qcow2");
        storage.write(ByteBuffer.wrap(Files.readAllBytes(file)), 0);
        Snapshot running;
        try (DiskImage image = open(storage)) {
            running = snapshots(image).list().get(0);
            assertThat(running.vmStateSize()).isPositive();
            snapshots(image).apply("running");
            // A machine's state lies behind the disk that it ran on: nobody sees it there once the disk is larger.
            image.capability(Resizable.class)
                    .orElseThrow()
                    .resize(1L << 40, Preallocation.OFF, false)
                    .run();
            assertThat(image.extentAt(1 << 20, 1L << 39).zero()).isTrue();
            snapshots(image).create("without");
            try (DiskImage old = snapshots(image).open("running")) {
                assertThat(old.extentAt(1 << 20, 1L << 39).zero()).isTrue();
            }
            snapshots(image).delete("without");
            snapshots(image).apply("running");
            assertThat(image.size()).isEqualTo(running.diskSize());
            assertThat(snapshots(image).list()).contains(running);
        }
        Judge.clean(storage);
        Files.write(file, all(storage));
        oracle.checkClean("qcow2", file);
        oracle.img("snapshot", "-a", running.name(), file).expectExit(0);
        oracle.checkClean("qcow2", file);
    }

    @Test
    void clockSizeAndInstructionCounterOfAMachineAreToldAndKept() throws IOException {
        QemuOracle oracle = QemuOracle.assumePresent();
        MemoryStorage storage = new MemoryStorage("image.qcow2");
        Path file = GoldenImages.named("snapshots-state").copyTo(folder);
        storage.write(ByteBuffer.wrap(Files.readAllBytes(file)), 0);
        long table = ByteBuffer.wrap(bytes(storage, HeaderFields.SNAPSHOTS_OFFSET, 8))
                .getLong();
        long clock = 3_723_004_000_000L;
        long counter = 987_654_321_012L;
        assertThat(ByteBuffer.wrap(bytes(storage, table + 36, 4)).getInt()).isEqualTo(24);
        // Specification, "Snapshots": the clock in byte 24, the counter behind two numbers of extra data.
        storage.write(ByteBuffer.allocate(8).putLong(0, clock), table + 24);
        storage.write(ByteBuffer.allocate(8).putLong(0, counter), table + 56);
        Snapshot running;
        try (DiskImage image = open(storage)) {
            running = snapshots(image).list().get(0);
            assertThat(running.icount()).isEqualTo(counter);
            snapshots(image).create("new");
            snapshots(image).apply(running.name());
            snapshots(image).delete("new");
            assertThat(snapshots(image).list()).containsExactly(running);
        }
        Files.write(file, all(storage));
        oracle.checkClean("qcow2", file);
        assertThat(oracle.img("snapshot", "-l", file).expectExit(0).stdout())
                .contains("01:02:03.004")
                .contains(Long.toString(counter));
        oracle.img("snapshot", "-c", "newer", file).expectExit(0);
        MemoryStorage theirs = new MemoryStorage("image.qcow2");
        theirs.write(ByteBuffer.wrap(Files.readAllBytes(file)), 0);
        try (DiskImage image = open(theirs)) {
            assertThat(snapshots(image).list().get(0)).isEqualTo(running);
        }
    }
}
