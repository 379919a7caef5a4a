package io.jimg.qcow2.use;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.jimg.DiskImage;
import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.Images;
import io.jimg.OpenOptions;
import io.jimg.ZeroMode;
import io.jimg.capability.Bitmaps;
import io.jimg.capability.CompressedWrite;
import io.jimg.capability.Snapshots;
import io.jimg.testkit.QemuOracle;
import io.jimg.testkit.Tool;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.Random;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Bitmaps go back and forth between us and the real tools: whoever records or changes them, the other reads the same.
 * The bits are read by qemu-img through an NBD export of qemu-nbd.
 */
class BitmapsOracleTest {
    private static final int ROUNDS = Integer.getInteger("jimg.bitmaps.rounds", 5);
    private static final Pattern EXTENT =
            Pattern.compile("\"start\": (\\d+), \"length\": (\\d+), .*\"data\": (true|false)");

    @TempDir
    Path folder;

    private QemuOracle oracle;
    private Path file;

    @BeforeEach
    void findTools() {
        oracle = QemuOracle.assumeVersion(10);
        file = folder.resolve("image.qcow2");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "cluster_size=512",
                "cluster_size=4096,refcount_bits=1",
                "cluster_size=64k",
                "cluster_size=16k,extended_l2=on",
                "cluster_size=2M,lazy_refcounts=on"
            })
    void goBackAndForth(String options) throws Exception {
        Random random = new Random(options.hashCode());
        oracle.img("create", "-q", "-f", "qcow2", "-o", options, file, 1_300_480)
                .expectExit(0);
        BitmapModel model = new BitmapModel(1_300_480);
        for (int round = 0; round < ROUNDS; round++) {
            boolean ours = random.nextBoolean();
            for (int i = 0; i < 3; i++) {
                BitmapModel.Edit edit = model.random(random);
                if (ours) {
                    try (DiskImage image = open(true)) {
                        edit.apply(bitmaps(image));
                    }
                } else {
                    editByTheirs(edit);
                }
                edit.apply(model);
            }
            List<Change> changes = changes(random);
            if (ours) {
                writeByUs(changes);
            } else {
                writeByTheirs(changes);
            }
            changes.forEach(change -> model.written(change.offset, change.length));
            try (DiskImage image = open(false)) {
                model.verify(bitmaps(image));
            }
            oracle.checkClean("qcow2", file);
            for (String name : model.entries.keySet()) {
                BitmapModel.Entry entry = model.entry(name);
                assertThat(readByTheirs(name, entry.granularity))
                        .as("%s in round %d, by us: %s", name, round, ours)
                        .isEqualTo(entry.dirty);
            }
        }
    }

    /** What is written. */
    private record Change(String verb, long offset, int length) {}

    private static List<Change> changes(Random random) {
        List<Change> changes = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            int length = 1 + random.nextInt(100_000);
            long offset = random.nextInt(1_300_480 - length);
            String verb = new String[] {"write", "write -z", "write -z -u", "discard"}[random.nextInt(4)];
            if (verb.equals("discard")) {
                offset = offset / 512 * 512;
                length = (length + 511) / 512 * 512;
                length = (int) Math.min(length, 1_300_480 - offset);
            }
            changes.add(new Change(verb, offset, length));
        }
        return changes;
    }

    private void writeByTheirs(List<Change> changes) {
        oracle.ioCommands(
                "qcow2",
                file,
                changes.stream()
                        .map(change -> change.verb + " " + change.offset + " " + change.length)
                        .toArray(String[]::new));
    }

    private void writeByUs(List<Change> changes) throws IOException {
        try (DiskImage image = open(true)) {
            for (Change change : changes) {
                switch (change.verb) {
                    case "write" -> image.write(ByteBuffer.allocate(change.length), change.offset);
                    case "discard" -> image.discard(change.offset, change.length);
                    default -> image.writeZeroes(change.offset, change.length, ZeroMode.MAY_UNMAP);
                }
            }
        }
    }

    private void editByTheirs(BitmapModel.Edit edit) {
        List<Object> words = new ArrayList<>(List.of("bitmap"));
        switch (edit.kind()) {
            case ADD -> {
                words.addAll(List.of("--add", "-g", edit.granularity()));
                if (!edit.enabled()) {
                    words.add("--disable");
                }
            }
            case MERGE -> words.addAll(List.of("--merge", edit.other()));
            case REMOVE -> words.add("--remove");
            case CLEAR -> words.add("--clear");
            case ENABLE -> words.add("--enable");
            case DISABLE -> words.add("--disable");
        }
        words.addAll(List.of(file, edit.name()));
        oracle.img(words.toArray()).expectExit(0);
    }

    private BitSet readByTheirs(String name, long granularity) throws Exception {
        Path socket = folder.resolve("s");
        Process server = new ProcessBuilder(
                        oracle.folder().resolve("qemu-nbd").toString(),
                        "-r",
                        "-f",
                        "qcow2",
                        "-B",
                        name,
                        "-k",
                        socket.toString(),
                        file.toString())
                .redirectErrorStream(true)
                .redirectOutput(folder.resolve("nbd.log").toFile())
                .start();
        try {
            while (!Files.exists(socket) && server.isAlive()) {
                Thread.sleep(5);
            }
            Tool.Result map = oracle.img(
                            "map",
                            "--output=json",
                            "--image-opts",
                            "driver=nbd,server.type=unix,server.path=" + socket + ",x-dirty-bitmap=qemu:dirty-bitmap:"
                                    + name)
                    .expectExit(0);
            BitSet bits = new BitSet();
            Matcher extents = EXTENT.matcher(map.stdout());
            while (extents.find()) {
                long start = Long.parseLong(extents.group(1));
                long end = start + Long.parseLong(extents.group(2));
                if (extents.group(3).equals("false")) {
                    bits.set((int) (start / granularity), (int) ((end + granularity - 1) / granularity));
                }
            }
            return bits;
        } finally {
            server.destroy();
            server.waitFor();
            Files.deleteIfExists(socket);
        }
    }

    @Test
    void compressedClustersAreRecordedAsTheyRecordThem() throws Exception {
        oracle.img("create", "-q", "-f", "qcow2", file, "1M").expectExit(0);
        oracle.img("bitmap", "--add", "-g", "4k", file, "b").expectExit(0);
        oracle.ioCommands("qcow2", file, "write -c -P 1 128k 64k");
        try (DiskImage image = open(true)) {
            CompressedWrite writer = image.capability(CompressedWrite.class).orElseThrow();
            byte[] cluster = new byte[65536];
            Arrays.fill(cluster, (byte) 3);
            ByteBuffer stream = ByteBuffer.allocate(65536);
            assertThat(writer.compress(ByteBuffer.wrap(cluster), stream)).isTrue();
            writer.writeCompressed(512 << 10, stream.flip());
        }
        BitSet expected = new BitSet();
        expected.set(32, 48);
        expected.set(128, 144);
        assertThat(readByTheirs("b", 4096)).isEqualTo(expected);
        try (DiskImage image = open(false)) {
            assertThat(BitmapModel.read(bitmaps(image).read("b"))).isEqualTo(expected);
        }
    }

    /** A writer that dies leaves its bitmaps in use, for both of us, and only removing helps. */
    @Test
    void whatADeadWriterLeftIsInconsistent() throws Exception {
        oracle.img("create", "-q", "-f", "qcow2", file, "1M").expectExit(0);
        oracle.img("bitmap", "--add", file, "busy").expectExit(0);
        oracle.img("bitmap", "--add", "--disable", file, "idle").expectExit(0);
        assertThat(oracle.io("-f", "qcow2", "-c", "write 0 64k", "-c", "flush", "-c", "sigraise 9", file)
                        .exitCode())
                .isNotZero();
        try (DiskImage image = open(true)) {
            Bitmaps bitmaps = bitmaps(image);
            assertThat(bitmaps.list()).allMatch(Bitmaps.Bitmap::inconsistent);
            for (String name : List.of("busy", "idle")) {
                inconsistent(() -> bitmaps.clear(name));
                inconsistent(() -> bitmaps.enable(name));
                inconsistent(() -> bitmaps.disable(name));
                inconsistent(() -> bitmaps.read(name));
            }
            image.write(ByteBuffer.allocate(512), 0);
        }
        try (DiskImage image = open(true)) {
            assertThat(bitmaps(image).list()).hasSize(2).allMatch(Bitmaps.Bitmap::inconsistent);
            bitmaps(image).remove("busy");
            bitmaps(image).remove("idle");
        }
        oracle.checkClean("qcow2", file);
        assertThat(oracle.img("info", file).stdout()).doesNotContain("bitmaps");
    }

    /** What we leave when we die is inconsistent for them where it recorded, and right where it did not. */
    @Test
    void whatWeLeaveBehindIsInconsistentForThem() throws Exception {
        oracle.img("create", "-q", "-f", "qcow2", file, "1M").expectExit(0);
        oracle.img("bitmap", "--add", file, "busy").expectExit(0);
        oracle.img("bitmap", "--add", "--disable", file, "idle").expectExit(0);
        Path left = folder.resolve("left.qcow2");
        try (DiskImage image = open(true)) {
            Files.copy(file, left);
            assertThat(oracle.img("bitmap", "--clear", left, "busy").exitCode()).isZero();
            image.write(ByteBuffer.allocate(512), 0);
            Files.delete(left);
            Files.copy(file, left);
        }
        assertThat(oracle.img("bitmap", "--clear", left, "busy").stderr()).contains("Bitmap 'busy' is inconsistent");
        oracle.img("bitmap", "--clear", left, "idle").expectExit(0);
        oracle.checkNothingWorseThanLeaks("qcow2", left);
    }

    @Test
    void noSnapshotIsAppliedWhereThereAreBitmaps() throws IOException {
        oracle.img("create", "-q", "-f", "qcow2", file, "1M").expectExit(0);
        oracle.img("bitmap", "--add", file, "b").expectExit(0);
        try (DiskImage image = open(true)) {
            Snapshots snapshots = image.capability(Snapshots.class).orElseThrow();
            snapshots.create("s", Instant.EPOCH);
            image.write(ByteBuffer.allocate(512), 0);
            assertThatThrownBy(() -> snapshots.apply("s"))
                    .hasMessage(oracle.img("snapshot", "-a", "s", copy())
                            .stderr()
                            .replace("qemu-img: ", "")
                            .strip());
            snapshots.delete("s");
        }
        oracle.checkClean("qcow2", file);
    }

    private Path copy() throws IOException {
        return Files.copy(file, folder.resolve("copy.qcow2"));
    }

    private static void inconsistent(ThrowingCallable call) {
        assertThatThrownBy(call)
                .isInstanceOfSatisfying(
                        ImageException.class,
                        refused -> assertThat(refused.kind()).isEqualTo(ErrorKind.CORRUPT))
                .hasMessageContaining("is inconsistent and cannot be used");
    }

    private static Bitmaps bitmaps(DiskImage image) {
        return image.capability(Bitmaps.class).orElseThrow();
    }

    private DiskImage open(boolean writable) throws IOException {
        return Images.standard()
                .open(file, OpenOptions.DEFAULT.withFormat("qcow2").withWritable(writable));
    }
}
