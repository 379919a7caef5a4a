package io.jimg.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.jimg.cli.getopt.Getopt;
import io.jimg.cli.process.Console;
import io.jimg.cli.serve.QemuNbd;
import io.jimg.testkit.QemuOracle;
import io.jimg.testkit.Tool;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code qemu-nbd} beside the real one: the same words refused in the same way, the same lists of exports. */
@Timeout(120)
class QemuNbdTest {
    /** Command lines that end at once; {@code @} is the folder of the image. */
    private static final List<String> REFUSED = List.of(
            "",
            "@/disk.qcow2 @/disk.qcow2",
            "@/absent",
            "-f raw @/absent",
            "-f foo @/disk.qcow2",
            "-p abc @/disk.qcow2",
            "-k s @/disk.qcow2",
            "-k @/absent/s @/disk.qcow2",
            "-k @/" + "s".repeat(120) + " @/disk.qcow2",
            "-b 192.0.2.1 @/disk.qcow2",
            "-e abc @/disk.qcow2",
            "-e -1 @/disk.qcow2",
            "-o abc @/disk.qcow2",
            "-k @/s -o -1 @/disk.qcow2",
            "-k @/s -o 20971520 @/disk.qcow2",
            "-k @/s -B none @/disk.qcow2",
            "-k @/s -o 4096 -B dirty @/disk.qcow2",
            "-k @/s -l none @/disk.qcow2",
            "-k @/s -l snapshot.foo=1 @/disk.qcow2",
            "-k @/s -s -l first @/disk.qcow2",
            "--cache=foo @/disk.qcow2",
            "--cache=none -n @/disk.qcow2",
            "--aio=foo @/disk.qcow2",
            "-k @/s --aio=native @/disk.qcow2",
            "--discard=foo @/disk.qcow2",
            "--detect-zeroes=foo @/disk.qcow2",
            "-k @/s --detect-zeroes=unmap @/disk.qcow2",
            "--handshake-limit=abc @/disk.qcow2",
            "-k @/s --pid-file=@/absent/pid @/disk.qcow2",
            "--selinux-label=x @/disk.qcow2",
            "--image-opts -f raw @/disk.qcow2",
            "--tls-creds=foo @/disk.qcow2",
            "--tls-authz=foo @/disk.qcow2",
            "--tls-hostname=foo @/disk.qcow2",
            "--object secret @/disk.qcow2",
            "-x " + "x".repeat(4097) + " @/disk.qcow2",
            "-D " + "x".repeat(4097) + " @/disk.qcow2",
            "--foo @/disk.qcow2",
            "-p",
            "-L @/disk.qcow2",
            "-L -x a",
            "-L --fork",
            "-L -k @/absent");

    @TempDir
    Path folder;

    private QemuOracle oracle;
    private Path image;
    private Path socket;

    @BeforeEach
    void makeImage() {
        DiskToServe disk = DiskToServe.in(folder, "10M");
        oracle = disk.oracle();
        image = disk.image();
        socket = disk.socket();
        oracle.img("bitmap", "--add", "--disable", image, "dirty").expectExit(0);
        oracle.img("snapshot", "-c", "first", image).expectExit(0);
    }

    @Test
    void refusesWhatTheRealOneRefusesInItsWords() throws IOException {
        String program = oracle.folder().resolve("qemu-nbd").toString();
        for (String line : REFUSED) {
            List<String> words = line.isEmpty()
                    ? List.of()
                    : List.of(line.replace("@", folder.toString()).split(" "));
            Tool.Result theirs = oracle.run(null, "qemu-nbd", words.toArray());
            Files.deleteIfExists(socket);
            ByteArrayOutputStream out = new ByteArrayOutputStream();
            ByteArrayOutputStream err = new ByteArrayOutputStream();
            Console console = new Console("qemu-nbd", out, err);
            int exitCode = QemuNbd.run(console, Getopt.Order.PERMUTE, words);
            console.flush();
            assertThat(err.toString(StandardCharsets.UTF_8))
                    .as(line)
                    .isEqualTo(theirs.stderr().replace(program, "qemu-nbd"));
            assertThat(exitCode).as(line).isEqualTo(theirs.exitCode()).isEqualTo(1);
            assertThat(out.toString(StandardCharsets.UTF_8)).as(line).isEqualTo(theirs.stdout());
            assertThat(socket).doesNotExist();
        }
    }

    /** Block sizes, flags and contexts of both servers, as both programs and libnbd's show them. */
    @ParameterizedTest
    @ValueSource(
            strings = {"-r -x first -D first_disk -A -B dirty -f qcow2", "-f qcow2 -e 3 --discard=unmap", "-f raw"})
    void bothListWhatEitherServesAndSaysTheSame(String options) throws IOException, InterruptedException {
        List<Object> words = new ArrayList<>(List.of((Object[]) options.split(" ")));
        words.addAll(List.of("-t", "-k", socket, image));
        String ours;
        try (ServerProcess server = ServerProcess.qemuNbd(folder, words.toArray())) {
            ours = list() + information();
            server.terminate();
            server.expectGoodEnd();
        }
        List<String> command = new ArrayList<>();
        command.add(oracle.folder().resolve("qemu-nbd").toString());
        words.forEach(word -> command.add(word.toString()));
        Path running = folder.resolve("running");
        command.add("--pid-file=" + running);
        Process theirs = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(folder.resolve("log").toFile())
                .start();
        try {
            while (!Files.exists(running)) {
                assertThat(theirs.isAlive()).isTrue();
                Thread.sleep(5);
            }
            assertThat(list() + information())
                    .isEqualTo(ours)
                    .contains("exports available: 1", "block_size_preferred: 4096");
        } finally {
            theirs.destroy();
            theirs.waitFor(30, TimeUnit.SECONDS);
        }
    }

    private String information() {
        return Tool.require("nbdinfo", "libnbd-bin")
                .run("--list", "nbd+unix:///?socket=" + socket)
                .expectExit(0)
                .stdout();
    }

    /** The list by both programs, which must be the same. */
    private String list() {
        String theirs =
                oracle.run(null, "qemu-nbd", "-L", "-k", socket).expectExit(0).stdout();
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        Console console = new Console("qemu-nbd", out, new ByteArrayOutputStream());
        assertThat(QemuNbd.run(console, Getopt.Order.PERMUTE, List.of("-L", "-k", socket.toString())))
                .isZero();
        console.flush();
        assertThat(out.toString(StandardCharsets.UTF_8)).isEqualTo(theirs);
        return theirs;
    }

    @Test
    void servesPartOfAnImageToOneClientAndEnds() throws IOException {
        Path pid = folder.resolve("pid");
        try (ServerProcess server =
                ServerProcess.qemuNbd(folder, "-f", "qcow2", "-o", 1 << 20, "--pid-file", pid, "-k", socket, image)) {
            assertThat(server.address()).isEqualTo("ready");
            assertThat(pid).hasContent(Long.toString(server.pid()));
            String url = "nbd+unix:///?socket=" + socket;
            assertThat(oracle.io(
                                    "-f",
                                    "raw",
                                    "-c",
                                    "read -P 1 0 1M",
                                    "-c",
                                    "read -P 0 1M 8M",
                                    "-c",
                                    "write -P 5 8M 1M",
                                    "-c",
                                    "discard 0 1M",
                                    url)
                            .expectExit(0)
                            .stdout())
                    .doesNotContain("failed");
            server.expectGoodEnd();
        }
        assertThat(pid).doesNotExist();
        assertThat(socket).doesNotExist();
        oracle.checkClean("qcow2", image);
        // Discards are ignored unless they are asked for.
        oracle.ioCommands("qcow2", image, "read -P 1 1M 1M", "read -P 5 9M 1M");
    }
}
