package io.jimg.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.jimg.testkit.QemuOracle;
import io.jimg.testkit.Tool;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestReporter;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/**
 * The program is killed while it works, at a moment chosen by chance after it has begun to change files. What it was
 * given is valid afterwards for the real tools, at worst after a repair where the image is marked; the guest's content
 * is that before or that after; what an earlier command or a flush has acknowledged is there; and no output of a copy
 * looks whole that is not.
 *
 * <p>The system property {@code jimg.kills} sets how many times a command is killed in all, {@code jimg.kills.seed}
 * when.
 */
@EnabledOnOs(OS.LINUX)
class KillTest {
    private static final int KILLS = Integer.getInteger("jimg.kills", 12);
    private static final long SEED = Long.getLong("jimg.kills.seed", System.nanoTime());
    private static final int SIZE = 24 << 20;
    private static final String[] SMALL_CLUSTERS = {"-o", "cluster_size=4096"};

    @TempDir
    Path folder;

    private final Random random = new Random(SEED);
    private final Map<Command, Long> durations = new EnumMap<>(Command.class);
    private Path prepared;
    private Path work;
    private QemuOracle qemu;

    /** What is killed. */
    private enum Command {
        COMMIT("top", "commit", "-f", "qcow2", "%/top"),
        REBASE("top", "rebase", "-f", "qcow2", "-b", "", "%/top"),
        REBASE_TO_OTHER("top", "rebase", "-f", "qcow2", "-b", "other", "-F", "qcow2", "%/top"),
        SNAPSHOT("disk", "snapshot", "-c", "new", "%/disk"),
        APPLY("disk", "snapshot", "-a", "old", "%/disk"),
        DELETE("disk", "snapshot", "-d", "old", "%/disk"),
        GROW("disk", "resize", "-f", "qcow2", "--preallocation=full", "%/disk", "40M"),
        SHRINK("disk", "resize", "-f", "qcow2", "--shrink", "%/disk", "4M"),
        AMEND("disk", "amend", "-f", "qcow2", "-o", "refcount_bits=64", "%/disk"),
        REPAIR("damaged", "check", "-q", "-r", "all", "-f", "qcow2", "%/damaged"),
        CONVERT_TO_RAW("new", "convert", "-f", "raw", "-O", "raw", "%/raw", "%/new"),
        CONVERT_TO_QCOW2("new", "convert", "-f", "raw", "-O", "qcow2", "%/raw", "%/new"),
        CONVERT_COMPRESSED("new", "convert", "-c", "-f", "raw", "-O", "qcow2", "%/raw", "%/new"),
        CONVERT_TO_VMDK("new", "convert", "-f", "raw", "-O", "vmdk", "%/raw", "%/new"),
        WRITE("written", "");

        private final String changed;
        private final List<String> words;

        Command(String changed, String... words) {
            this.changed = changed;
            this.words = List.of(words);
        }
    }

    @BeforeEach
    void prepare() throws IOException {
        qemu = QemuOracle.assumePresent();
        prepared = Files.createDirectory(folder.resolve("prepared"));
        work = folder.resolve("work");
        Path raw = prepared.resolve("raw");
        try (FileChannel file = FileChannel.open(raw, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
            byte[] piece = new byte[100_000];
            for (int at = 0; at < SIZE - piece.length; at += 130_000) {
                new Random(at).nextBytes(piece);
                file.write(ByteBuffer.wrap(piece), at);
            }
            file.write(ByteBuffer.wrap(new byte[] {1}), SIZE - 1);
        }
        img("convert", "-f", "raw", "-O", "qcow2", SMALL_CLUSTERS, "raw", "base");
        img("create", "-q", "-f", "qcow2", SMALL_CLUSTERS, "-b", "base", "-F", "qcow2", "top");
        List<String> writes = new ArrayList<>();
        for (int at = 0; at < SIZE; at += 1 << 20) {
            writes.add("write -P " + (at >> 20) + " " + at + " 300k");
        }
        qemu.ioCommands("qcow2", prepared.resolve("top"), writes.toArray(String[]::new));
        img("convert", "-f", "qcow2", "-O", "raw", "top", "top.raw");
        img("convert", "-f", "qcow2", "-O", "qcow2", "top", "other");
        qemu.ioCommands("qcow2", prepared.resolve("other"), "write -P 99 0 20M");
        img("convert", "-f", "raw", "-O", "qcow2", SMALL_CLUSTERS, "raw", "disk");
        img("snapshot", "-c", "old", "disk");
        qemu.ioCommands("qcow2", prepared.resolve("disk"), writes.toArray(String[]::new));
        img("dd", "-f", "qcow2", "-O", "raw", "bs=1M", "count=4", "if=disk", "of=cut");
        Files.copy(prepared.resolve("base"), prepared.resolve("damaged"));
        try (FileChannel file = FileChannel.open(prepared.resolve("damaged"), StandardOpenOption.WRITE)) {
            // The refcount table, in the second cluster.
            file.write(ByteBuffer.allocate(4096), 4096);
        }
        img("create", "-q", "-f", "qcow2", SMALL_CLUSTERS, "written", Integer.toString(SIZE));
    }

    private void img(Object... words) {
        Object[] flat = Stream.of(words)
                .flatMap(word -> word instanceof Object[] several ? Stream.of(several) : Stream.of(word))
                .toArray();
        qemu.imgIn(prepared, flat).expectExit(0);
    }

    private void restore() throws IOException {
        if (Files.exists(work)) {
            try (Stream<Path> files = Files.list(work)) {
                for (Path file : files.toList()) {
                    Files.delete(file);
                }
            }
        } else {
            Files.createDirectory(work);
        }
        try (Stream<Path> files = Files.list(prepared)) {
            for (Path file : files.toList()) {
                String name = file.getFileName().toString();
                if (!name.equals("top.raw") && !name.equals("raw") && !name.equals("cut")) {
                    Files.copy(file, work.resolve(name));
                }
            }
        }
        Files.createLink(work.resolve("raw"), prepared.resolve("raw"));
    }

    @Test
    void leavesWhatIsValid(TestReporter reporter) throws IOException, InterruptedException {
        Command[] commands = Command.values();
        Map<String, Integer> ends = new TreeMap<>();
        int first = random.nextInt(commands.length);
        for (int kill = 0; kill < KILLS; kill++) {
            Command command = commands[(first + kill) % commands.length];
            restore();
            try {
                boolean killed = runAndKill(command);
                verify(command, killed);
                ends.merge(command + (killed ? " killed" : " ended before"), 1, Integer::sum);
            } catch (AssertionError | IOException failure) {
                throw new AssertionError(command + ", kill " + kill + " of seed " + SEED, failure);
            }
        }
        reporter.publishEntry("kills", ends.toString());
    }

    /** Whether it was killed before it ended by itself. */
    private boolean runAndKill(Command command) throws IOException, InterruptedException {
        Path file = work.resolve(command.changed);
        long before = stamp(file);
        Process process = start(command);
        try {
            while (stamp(file) == before && process.isAlive()) {
                Thread.sleep(1);
            }
            long begun = System.nanoTime();
            long longest = durations.getOrDefault(command, TimeUnit.MILLISECONDS.toNanos(300));
            long wait = (long) (random.nextDouble() * longest);
            boolean ended = process.waitFor(wait, TimeUnit.NANOSECONDS);
            if (ended) {
                // The moments of the next kills lie in the time that it really takes.
                durations.put(command, Math.max(1_000_000, System.nanoTime() - begun));
            }
            process.destroyForcibly().waitFor();
            return process.exitValue() != 0;
        } finally {
            process.destroyForcibly();
        }
    }

    private static long stamp(Path file) throws IOException {
        return Files.exists(file)
                ? Files.getLastModifiedTime(file).to(TimeUnit.NANOSECONDS) * 31 + Files.size(file)
                : -1;
    }

    private Process start(Command command) throws IOException {
        if (command == Command.WRITE) {
            StringBuilder lines = new StringBuilder();
            for (int i = 0; i < 3000; i++) {
                lines.append("write -P ")
                        .append(pattern(i))
                        .append(' ')
                        .append(place(i))
                        .append(" 8k\nflush\n");
            }
            Path script = Files.writeString(work.resolve("script"), lines);
            return MainProcess.startIo(script, work.resolve("output"), "-f", "qcow2", work.resolve("written"));
        }
        return MainProcess.start(
                work.resolve("errors"),
                command.words.stream()
                        .map(word -> word.replace("%", work.toString()))
                        .toArray());
    }

    private static int pattern(int write) {
        return 1 + write % 250;
    }

    private static long place(int write) {
        return write * 7L * 8192 % SIZE;
    }

    // ---- what is left ----------------------------------------------------------------------------------------------

    private void verify(Command command, boolean killed) throws IOException {
        Path disk = work.resolve(command.changed);
        switch (command) {
            case COMMIT -> {
                sound(work.resolve("base"));
                sound(disk);
                same(disk, "qcow2", prepared.resolve("top.raw"), "raw");
            }
            case REBASE, REBASE_TO_OTHER -> {
                sound(disk);
                same(disk, "qcow2", prepared.resolve("top.raw"), "raw");
                same(work.resolve("base"), "qcow2", prepared.resolve("raw"), "raw");
            }
            case SNAPSHOT -> {
                sound(disk);
                same(disk, "qcow2", prepared.resolve("disk"), "qcow2");
                snapshot(disk, "old");
                if (!killed) {
                    assertThat(snapshots(disk)).contains(" new ");
                }
            }
            case APPLY -> {
                sound(disk);
                snapshot(disk, "old");
                Path other = qemu.img("compare", "-f", "qcow2", "-F", "qcow2", disk, prepared.resolve("disk"))
                                        .exitCode()
                                == 0
                        ? prepared.resolve("disk")
                        : prepared.resolve("base");
                same(disk, "qcow2", killed ? other : prepared.resolve("base"), "qcow2");
            }
            case DELETE -> {
                sound(disk);
                same(disk, "qcow2", prepared.resolve("disk"), "qcow2");
                if (snapshots(disk).contains(" old ")) {
                    assertThat(killed).isTrue();
                    snapshot(disk, "old");
                }
            }
            case GROW, AMEND -> {
                sound(disk);
                // Sizes may differ by zeroes.
                same(disk, "qcow2", prepared.resolve("disk"), "qcow2");
                snapshot(disk, "old");
            }
            case SHRINK -> {
                sound(disk);
                boolean done = qemu.img("info", "-f", "qcow2", "--output=json", disk)
                        .stdout()
                        .contains("\"virtual-size\": " + (4 << 20));
                assertThat(done || killed).isTrue();
                same(disk, "qcow2", prepared.resolve(done ? "cut" : "disk"), done ? "raw" : "qcow2");
                // As an image of its own qemu-img would show it in the disk's new size.
                qemu.img("snapshot", "-a", "old", disk).expectExit(0);
                same(disk, "qcow2", prepared.resolve("raw"), "raw");
            }
            case REPAIR -> {
                qemu.img("check", "-q", "-r", "all", "-f", "qcow2", disk).expectExit(0);
                same(disk, "qcow2", prepared.resolve("base"), "qcow2");
            }
            case CONVERT_TO_RAW -> verifyCopy(disk, "raw", killed);
            case CONVERT_TO_QCOW2, CONVERT_COMPRESSED -> verifyCopy(disk, "qcow2", killed);
            case CONVERT_TO_VMDK -> verifyCopy(disk, "vmdk", killed);
            case WRITE -> verifyWrites(disk);
        }
    }

    /** Clean, with leaks at worst; a marked image is repaired first. */
    private void sound(Path image) {
        boolean marked = qemu.img("info", "-f", "qcow2", "--output=json", image)
                .expectExit(0)
                .stdout()
                .contains("\"dirty-flag\": true");
        if (marked) {
            qemu.img("check", "-q", "-r", "all", "-f", "qcow2", image).expectExit(0);
        }
        qemu.checkNothingWorseThanLeaks("qcow2", image);
    }

    private void same(Path image, String format, Path other, String otherFormat) {
        qemu.compareEqual(format, image, otherFormat, other);
    }

    private String snapshots(Path disk) {
        return qemu.img("snapshot", "-l", disk).expectExit(0).stdout();
    }

    private void snapshot(Path disk, String name) throws IOException {
        Path content = folder.resolve("snapshot");
        qemu.img("convert", "-f", "qcow2", "-O", "raw", "-l", name, disk, content)
                .expectExit(0);
        same(content, "raw", prepared.resolve("raw"), "raw");
        Files.delete(content);
    }

    private void verifyCopy(Path output, String format, boolean killed) throws IOException {
        if (!Files.exists(output)) {
            assertThat(killed).isTrue();
            return;
        }
        boolean whole = format.equals("raw")
                ? Files.size(output) >= SIZE
                : qemu.img("info", "-f", format, output).exitCode() == 0;
        assertThat(whole || killed).isTrue();
        if (whole) {
            same(output, format, prepared.resolve("raw"), "raw");
        }
    }

    /** A write that is told of, and behind which a flush was followed by another write, is there. */
    private void verifyWrites(Path disk) throws IOException {
        long told = Files.readAllLines(work.resolve("output")).stream()
                .filter(line -> line.startsWith("qemu-io> wrote ") || line.startsWith("wrote "))
                .count();
        sound(disk);
        List<Object> words = new ArrayList<>(List.of("-f", "qcow2", "-r"));
        for (int write = (int) Math.max(0, told - 200); write < told - 1; write++) {
            words.add("-c");
            words.add("read -P " + pattern(write) + " " + place(write) + " 8k");
        }
        words.add(disk);
        if (told > 1) {
            Tool.Result result = qemu.io(words.toArray()).expectExit(0);
            assertThat(result.stdout() + result.stderr()).doesNotContain("failed");
        }
    }
}
