package io.jimg.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.jimg.cli.getopt.Getopt;
import io.jimg.cli.process.Console;
import io.jimg.testkit.QemuOracle;
import io.jimg.testkit.Tool;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** {@code serve} with the clients of others: what they read and write, and how the server ends. */
@Timeout(120)
class ServeTest {
    @TempDir
    Path folder;

    private QemuOracle oracle;
    private Path image;
    private Path socket;

    @BeforeEach
    void makeImage() {
        DiskToServe disk = DiskToServe.in(folder, "16M");
        oracle = disk.oracle();
        image = disk.image();
        socket = disk.socket();
    }

    private void io(String url, String... commands) {
        Object[] words = new Object[3 + 2 * commands.length];
        words[0] = "-f";
        words[1] = "raw";
        for (int i = 0; i < commands.length; i++) {
            words[2 + 2 * i] = "-c";
            words[3 + 2 * i] = commands[i];
        }
        words[words.length - 1] = url;
        assertThat(oracle.io(words).expectExit(0).stdout())
                .doesNotContainIgnoringCase("failed")
                .doesNotContainIgnoringCase("error");
    }

    @Test
    void endsInOrderWhenTheLastClientHasGone() throws IOException {
        Path pid = folder.resolve("pid");
        try (ServerProcess server =
                ServerProcess.start(folder, 1, "serve", "-f", "qcow2", "--socket", socket, "--pid-file", pid, image)) {
            assertThat(server.address()).isEqualTo("nbd+unix:///?socket=" + socket);
            assertThat(pid).hasContent(Long.toString(server.pid()));
            Tool.require("nbdinfo", "libnbd-bin")
                    .run("--list", server.address())
                    .expectExit(0);
            io(server.address(), "read -P 1 0 2M", "write -P 7 4M 1M", "discard 0 1M", "write -P 8 5M 64k");
            assertThat(server.expectGoodEnd()).isEmpty();
        }
        assertThat(pid).doesNotExist();
        assertThat(socket).doesNotExist();
        oracle.checkClean("qcow2", image);
        oracle.ioCommands("qcow2", image, "read -P 0 0 1M", "read -P 1 1M 1M", "read -P 7 4M 1M", "read -P 8 5M 64k");
    }

    @Test
    void severalImagesAreSeveralExportsOnAPort() throws IOException {
        Path raw = folder.resolve("other disk.raw");
        oracle.img("create", "-q", "-f", "raw", raw, "1M").expectExit(0);
        Path copy = folder.resolve("copy.raw");
        try (ServerProcess server = ServerProcess.start(
                folder,
                2,
                "serve",
                "--port=0",
                "--persistent",
                "--read-only",
                "--name=first",
                "--description=the first disk",
                image,
                raw)) {
            assertThat(server.addresses().get(0)).matches("nbd://127\\.0\\.0\\.1:\\d+/first");
            assertThat(server.addresses().get(1)).matches("nbd://127\\.0\\.0\\.1:\\d+/other%20disk\\.raw");
            String list = Tool.require("nbdinfo", "libnbd-bin")
                    .run("--list", server.address())
                    .expectExit(0)
                    .stdout();
            assertThat(list)
                    .contains("export=\"first\"", "the first disk", "export=\"other disk.raw\"")
                    .contains("export-size: 16777216", "export-size: 1048576", "is_read_only: true");
            Tool nbdcopy = Tool.require("nbdcopy", "libnbd-bin");
            nbdcopy.run(server.address(), copy).expectExit(0);
            oracle.compareEqual("raw", copy, "qcow2", image);
            nbdcopy.run(copy, server.address()).expectExit(1);
            oracle.compareEqual("raw", copy, "qcow2", image);
            server.terminate();
            server.expectGoodEnd();
        }
    }

    @Test
    void whatIsWrittenOverASnapshotVanishes() throws IOException {
        byte[] before = Files.readAllBytes(image);
        try (ServerProcess server =
                ServerProcess.start(folder, 1, "serve", "--socket", socket, "--snapshot", "--persistent", image)) {
            io(server.address(), "write -P 9 0 8M", "flush", "read -P 9 0 8M");
            io(server.address(), "read -P 9 0 8M", "read -P 0 8M 1M");
            server.terminate();
            server.expectGoodEnd();
        }
        assertThat(Files.readAllBytes(image)).isEqualTo(before);
    }

    @Test
    void anInternalSnapshotIsShownReadOnly() throws IOException {
        oracle.img("snapshot", "-c", "before", image).expectExit(0);
        oracle.ioCommands("qcow2", image, "write -P 2 0 1M");
        try (ServerProcess server =
                ServerProcess.start(folder, 1, "serve", "--socket", socket, "-l", "before", image)) {
            assertThat(oracle.io("-f", "raw", "-r", "-c", "read -P 1 0 2M", server.address())
                            .expectExit(0)
                            .stdout())
                    .contains("read 2097152/2097152");
            server.expectGoodEnd();
        }
    }

    @Test
    void bitmapsAndDepthsAreTold() throws IOException {
        oracle.img("bitmap", "--add", "-g", "64k", image, "dirty").expectExit(0);
        oracle.ioCommands("qcow2", image, "write -P 3 3M 128k");
        try (ServerProcess server = ServerProcess.start(
                folder,
                1,
                "serve",
                "--socket",
                socket,
                "--persistent",
                "--read-only",
                "--bitmap=dirty",
                "--allocation-depth",
                image)) {
            Tool nbdinfo = Tool.require("nbdinfo", "libnbd-bin");
            assertThat(nbdinfo.run("--map=qemu:dirty-bitmap:dirty", server.address())
                            .expectExit(0)
                            .stdout())
                    .containsPattern("3145728\\s+131072\\s+1\\s+dirty");
            assertThat(nbdinfo.run("--map=qemu:allocation-depth", server.address())
                            .expectExit(0)
                            .stdout())
                    .containsPattern("0\\s+2097152\\s+1\\s+local")
                    .containsPattern("2097152\\s+1048576\\s+0\\s+absent");
            server.terminate();
            server.expectGoodEnd();
        }
    }

    @Test
    void writtenZeroesAndDiscardsDoAsTheyAreTold() throws IOException {
        try (ServerProcess server =
                ServerProcess.start(folder, 1, "serve", "--socket", socket, "--detect-zeroes=unmap", image)) {
            io(server.address(), "write -P 0 0 1M");
            server.expectGoodEnd();
        }
        assertThat(oracle.img("map", "--output=json", image).expectExit(0).stdout())
                .contains("\"start\": 0, \"length\": 1048576, \"depth\": 0, \"present\": true, \"zero\": true");
        try (ServerProcess server =
                ServerProcess.start(folder, 1, "serve", "--socket", socket, "--discard=ignore", image)) {
            io(server.address(), "discard 1M 1M");
            server.expectGoodEnd();
        }
        oracle.ioCommands("qcow2", image, "read -P 1 1M 1M");
    }

    @Test
    void sigtermUnderLoadLosesNothingThatWasAnswered() throws IOException, InterruptedException {
        Path answers = folder.resolve("answers");
        try (ServerProcess server =
                ServerProcess.start(folder, 1, "serve", "--socket", socket, "--persistent", image)) {
            Process client = new ProcessBuilder(
                            "sh",
                            "-c",
                            "i=0; while [ $i -lt 10000 ]; do echo \"write -P 5 $((i * 1024)) 1024\"; i=$((i + 1)); done"
                                    + " | exec \"$0\" -f raw \"$1\"",
                            oracle.folder().resolve("qemu-io").toString(),
                            server.address())
                    .redirectErrorStream(true)
                    .redirectOutput(answers.toFile())
                    .start();
            while (!Files.readString(answers).contains("wrote 1024/1024 bytes at offset 102400")) {
                assertThat(client.isAlive()).isTrue();
                Thread.sleep(5);
            }
            server.terminate();
            assertThat(server.expectGoodEnd()).isEmpty();
            client.destroyForcibly().waitFor(10, TimeUnit.SECONDS);
        }
        oracle.checkClean("qcow2", image);
        long answered = Files.readString(answers)
                .lines()
                .filter(line -> line.contains("wrote 1024/1024"))
                .count();
        assertThat(answered).isGreaterThan(99);
        oracle.ioCommands("qcow2", image, "read -P 5 0 " + answered * 1024);
    }

    @Test
    void aKilledServerLeavesNoLockAndAtWorstLeaks() throws IOException {
        Path pid = folder.resolve("pid");
        try (ServerProcess server =
                ServerProcess.start(folder, 1, "serve", "--socket", socket, "--persistent", "--pid-file", pid, image)) {
            io(server.address(), "write -P 6 8M 4M", "flush", "write -P 7 12M 64k");
            server.kill();
        }
        assertThat(socket).exists();
        oracle.checkNothingWorseThanLeaks("qcow2", image);
        try (ServerProcess server =
                ServerProcess.start(folder, 1, "serve", "--socket", socket, "--pid-file", pid, image)) {
            io(server.address(), "read -P 6 8M 4M", "write -P 8 0 64k");
            server.expectGoodEnd();
        }
        oracle.ioCommands("qcow2", image, "read -P 8 0 64k");
    }

    @Test
    void anAddressThatIsTakenIsLeftAlone() throws IOException {
        try (ServerSocketChannel other = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            other.bind(UnixDomainSocketAddress.of(socket));
            assertThat(refusal("serve", "--socket", socket, image))
                    .startsWith("jimg: Failed to listen on '" + socket + "': Address already in use");
            assertThat(socket).exists();
        }
        Path file = Files.writeString(folder.resolve("file"), "not a socket");
        assertThat(refusal("serve", "--socket", file, image))
                .startsWith("jimg: Failed to listen on '" + file + "': Address already in use");
        assertThat(file).hasContent("not a socket");
        try (ServerProcess server = ServerProcess.start(folder, 1, "serve", "--port=0", "--persistent", "-r", image)) {
            String port = server.address().replaceAll(".*:", "");
            assertThat(refusal("serve", "--port", port, "-r", image))
                    .isEqualTo("jimg: Failed to listen on '127.0.0.1:" + port + "': Address already in use\n");
        }
    }

    @Test
    void whatCannotBeServedIsRefusedBeforeItListens() throws IOException {
        Path absent = folder.resolve("absent");
        String[][] lines = {
            {"Could not open '" + absent + "': No such file or directory", absent + ""},
            {"Could not open '" + image + "': Unknown driver 'foo'", "-f", "foo", image + ""},
            {"Could not open '" + image + "': invalid VMDK image descriptor", "-f", "vmdk", image + ""},
            {"Failed to load snapshot: Can't find snapshot", "-l", "x", image + ""},
            {"Bitmap 'x' is not found", "--bitmap=x", image + ""},
            {"NBD server already has export named 'a'", "--name=a", "--name=a", "-r", image + "", image + ""},
            {"There are more names or descriptions than images", "--name=a", "--name=b", image + ""},
            {"Invalid port specified. Must be between 0 and 65535.", "--port=65536", image + ""},
            {"--vhost-user needs --socket and exactly one image", "--vhost-user", image + "", image + ""},
            {"export name '" + "x".repeat(4097) + "' too long", "--name", "x".repeat(4097), image + ""},
            {
                "Could not create '" + absent + "/pid': No such file or directory",
                "--pid-file",
                absent + "/pid",
                image + ""
            },
        };
        for (String[] line : lines) {
            Object[] words = new Object[line.length + 2];
            words[0] = "serve";
            words[1] = "--socket";
            words[2] = socket;
            System.arraycopy(line, 1, words, 3, line.length - 1);
            if (line[1].startsWith("--port")) {
                words[1] = "--host";
                words[2] = "localhost";
            }
            assertThat(refusal(words)).isEqualTo("jimg: " + line[0] + "\n");
            assertThat(socket).doesNotExist();
        }
    }

    @Test
    void wrongWordsPointAtTheCommandsOwnHelp() {
        assertThat(refusal("serve", "--nonsense"))
                .isEqualTo("jimg: unrecognized option '--nonsense'\nTry 'jimg serve --help' for more information\n");
        assertThat(refusal("serve"))
                .isEqualTo("jimg: Expecting at least one image file name\n"
                        + "Try 'jimg serve --help' for more information\n");
    }

    /** What it says where it exits with 1, standard output empty. */
    private static String refusal(Object... words) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        Console console = new Console("jimg", out, err);
        List<String> line = Stream.of(words).map(Object::toString).toList();
        assertThat(Main.run(console, Getopt.Order.PERMUTE, line)).isEqualTo(1);
        console.flush();
        assertThat(out.toByteArray()).isEmpty();
        return err.toString(StandardCharsets.UTF_8);
    }
}
