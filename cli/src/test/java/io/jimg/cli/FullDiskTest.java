package io.jimg.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.jimg.cli.getopt.Getopt;
import io.jimg.cli.process.Console;
import io.jimg.testkit.QemuOracle;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Commands on a file system of 3 MiB that is really full: they say so, leave no new file, and images that they change
 * in place are sound and hold what they held.
 */
@EnabledOnOs(OS.LINUX)
class FullDiskTest {
    private static final int KIBIBYTES = 3 << 10;
    private static final int LARGER = 5 << 20;
    private static final int LARGEST_REQUEST = 1 << 20;

    @TempDir
    Path folder;

    private Path source;
    private Path disk;
    private QemuOracle qemu;
    private SmallFileSystem small;
    private String complaint = "";

    @BeforeEach
    void mount() throws IOException {
        qemu = QemuOracle.assumePresent();
        byte[] bytes = new byte[LARGER];
        new Random(1).nextBytes(bytes);
        source = Files.write(folder.resolve("source"), bytes);
        small = SmallFileSystem.mount(Files.createDirectory(folder.resolve("small")), KIBIBYTES);
        disk = small.folder().resolve("disk");
    }

    @AfterEach
    void unmount() throws IOException {
        if (small != null) {
            small.close();
        }
    }

    private int run(Object... words) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        Console console = new Console("qemu-img", out, err);
        int exitCode = Main.run(
                console,
                Getopt.Order.PERMUTE,
                Stream.of(words).map(Object::toString).toList());
        console.flush();
        complaint = err.toString(StandardCharsets.UTF_8);
        return exitCode;
    }

    /** Runs a command that must fail with a sentence that ends with the host's words. */
    private void fails(String beginning, Object... words) {
        assertThat(run(words)).as("exit code").isEqualTo(1);
        assertThat(complaint).startsWith("qemu-img: " + beginning).endsWith(": No space left on device\n");
        assertThat(complaint.lines()).hasSize(1);
    }

    private void nothingIsLeft() throws IOException {
        try (Stream<Path> files = Files.list(small.folder())) {
            assertThat(files).isEmpty();
        }
    }

    private byte[] content(Path image) throws IOException {
        Path raw = folder.resolve("content");
        qemu.img("convert", "-f", "qcow2", "-O", "raw", image, raw).expectExit(0);
        return Files.readAllBytes(raw);
    }

    /** Takes all the room that is left. */
    private void fill() throws IOException {
        try (FileChannel file = FileChannel.open(
                small.folder().resolve("filler"), StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
            ByteBuffer page = ByteBuffer.allocate(4096);
            while (true) {
                file.write(page.clear());
            }
        } catch (IOException full) {
            assertThat(full).hasMessageContaining("No space left on device");
        }
    }

    @ParameterizedTest
    @CsvSource({
        "raw, ",
        "raw, -S 0",
        "qcow2, ",
        "qcow2, -c",
        "qcow2, -W",
        "qcow2, -o preallocation=metadata",
        "vmdk, ",
        "vmdk, -o subformat=streamOptimized",
        "vmdk, -o subformat=monolithicFlat",
        "vmdk, -o subformat=twoGbMaxExtentSparse"
    })
    void aCopyTellsHowFarItCame(String format, String options) throws IOException {
        Object[] words = Stream.of(
                        Stream.of("convert", "-f", "raw", "-O", format),
                        options == null ? Stream.empty() : Stream.of(options.split(" ")),
                        Stream.of(source, disk))
                .flatMap(each -> each)
                .toArray();
        fails("error while writing at byte ", words);
        long at = Long.parseLong(complaint.replaceAll("\\D*at byte (\\d+).*\n", "$1"));
        // Two requests, which need not be whole, are written together; beyond what there is room for none succeeds.
        assertThat(at).isBetween((long) (KIBIBYTES << 10) - 3 * LARGEST_REQUEST, (long) KIBIBYTES << 10);
        nothingIsLeft();
    }

    @ParameterizedTest
    @ValueSource(strings = {"falloc", "full"})
    void whatIsPreallocatedDoesNotFit(String mode) throws IOException {
        fails(disk + ": ", "create", "-q", "-f", "qcow2", "-o", "preallocation=" + mode, disk, LARGER);
        nothingIsLeft();
        fails(disk + ": ", "create", "-q", "-f", "raw", "-o", "preallocation=" + mode, disk, LARGER);
        nothingIsLeft();
        fails(
                disk + ": error while converting qcow2: ",
                "convert",
                "-f",
                "raw",
                "-O",
                "qcow2",
                "-o",
                "preallocation=" + mode,
                source,
                disk);
        nothingIsLeft();
        fails("error while writing to output image file", "dd", "-O", "raw", "if=" + source, "of=" + disk);
        nothingIsLeft();
    }

    private void image() {
        qemu.img("create", "-q", "-f", "qcow2", disk, "4M").expectExit(0);
        qemu.ioCommands("qcow2", disk, "write -P 7 1M 1M", "write -z 100k 70k");
    }

    @ParameterizedTest
    @CsvSource({
        "Could not create snapshot 'two', snapshot -c two",
        "Could not apply snapshot 'one', snapshot -a one",
        "Could not delete snapshot 'one', snapshot -d one",
        "'', resize --preallocation=full DISK 8M",
        "'', resize --preallocation=falloc DISK 8M",
        "'Failed to grow the L1 table', resize DISK 500G",
        "'Failed to write refblock', amend -f qcow2 -o refcount_bits=64",
        "'Operation add on bitmap', bitmap --add DISK b",
        "Failed request, bench -q -w -c 2000 -f qcow2 --pattern=7 -o 1M -s 64k -S 128k"
    })
    void aChangeInPlaceLeavesASoundImage(String beginning, String command) throws IOException {
        image();
        qemu.img("snapshot", "-c", "one", disk).expectExit(0);
        qemu.img("snapshot", "-c", "other", disk).expectExit(0);
        fill();
        byte[] before = content(disk);
        String words = command.contains("DISK") ? command.replace("DISK", disk.toString()) : command + " " + disk;
        assertThat(run((Object[]) words.split(" "))).isEqualTo(1);
        assertThat(complaint).startsWith("qemu-img: " + beginning).contains("No space left on device");
        qemu.checkClean("qcow2", disk);
        if (!command.startsWith("bench")) {
            assertThat(content(disk)).isEqualTo(before);
        }
        assertThat(qemu.img("snapshot", "-l", disk).expectExit(0).stdout())
                .contains(" one ")
                .doesNotContain(" two ");
    }

    @Test
    void aCommitLeavesTheOverlayAsItWas() throws IOException {
        Path top = folder.resolve("top");
        image();
        qemu.img("create", "-q", "-f", "qcow2", "-b", disk, "-F", "qcow2", top, LARGER)
                .expectExit(0);
        qemu.ioCommands("qcow2", top, "write -P 9 0 4M");
        byte[] before = content(top);
        fails("Block job failed", "commit", top);
        assertThat(content(top)).isEqualTo(before);
        qemu.checkClean("qcow2", top);
        qemu.checkNothingWorseThanLeaks("qcow2", disk);
    }

    @Test
    void aRebaseLeavesTheOverlayAsItWas() throws IOException {
        Path base = folder.resolve("base");
        qemu.img("convert", "-f", "raw", "-O", "qcow2", source, base).expectExit(0);
        qemu.img("create", "-q", "-f", "qcow2", "-b", base, "-F", "qcow2", disk).expectExit(0);
        byte[] before = content(disk);
        fails("Error while writing to COW image", "rebase", "-b", "", disk);
        assertThat(content(disk)).isEqualTo(before);
        qemu.checkNothingWorseThanLeaks("qcow2", disk);
        assertThat(qemu.img("info", disk).expectExit(0).stdout()).contains("backing file: " + base);
    }

    @Test
    void aRepairLeavesWhatItWas() throws IOException {
        image();
        byte[] before = content(disk);
        qemu.img("create", "-q", "-f", "qcow2", "-o", "lazy_refcounts=on,cluster_size=512", disk, "4M")
                .expectExit(0);
        qemu.ioCommands("qcow2", disk, "write -P 7 1M 1M", "write -z 100k 70k");
        try (FileChannel file = FileChannel.open(disk, StandardOpenOption.WRITE)) {
            // The refcount table, which lies in the second cluster, is lost; all must be counted in new blocks.
            file.write(ByteBuffer.allocate(512), 512);
        }
        fill();
        assertThat(run("check", "-q", "-r", "all", disk)).isNotZero();
        assertThat(content(disk)).isEqualTo(before);
        Files.delete(small.folder().resolve("filler"));
        assertThat(run("check", "-q", "-r", "all", disk)).as(complaint).isZero();
        qemu.checkClean("qcow2", disk);
        assertThat(content(disk)).isEqualTo(before);
    }
}
