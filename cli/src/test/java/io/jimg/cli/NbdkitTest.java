package io.jimg.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.jimg.cli.getopt.Getopt;
import io.jimg.cli.process.Console;
import io.jimg.testkit.Tool;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Our NBD client with nbdkit, a server of other people than QEMU's, in many moods. */
@Timeout(120)
class NbdkitTest {
    private static final int SIZE = 4 << 20;

    @TempDir
    Path folder;

    private Tool nbdkit;
    /** Data, zeroes and data. */
    private Path source;

    @BeforeEach
    void makeSource() throws IOException {
        nbdkit = Tool.require("nbdkit", "nbdkit");
        byte[] content = new byte[SIZE];
        byte[] random = new byte[1 << 20];
        new Random(6).nextBytes(random);
        System.arraycopy(random, 0, content, 0, random.length);
        System.arraycopy(random, 0, content, 3 << 20, random.length);
        source = Files.write(folder.resolve("source.raw"), content);
    }

    /** A server that runs until it is closed. */
    private final class Server implements AutoCloseable {
        private final Process process;
        private final String url;

        Server(String words) throws IOException {
            Path running = folder.resolve("pid");
            Files.deleteIfExists(running);
            Path socket = folder.resolve("socket");
            Files.deleteIfExists(socket);
            List<String> command = new ArrayList<>(List.of(nbdkit.program().toString(), "-f", "-U", socket.toString()));
            command.addAll(List.of("-P", running.toString()));
            command.addAll(List.of(words.split(" ")));
            Path log = folder.resolve("log");
            process = new ProcessBuilder(command)
                    .redirectErrorStream(true)
                    .redirectOutput(log.toFile())
                    .start();
            url = "nbd+unix:///?socket=" + socket;
            while (!Files.exists(running)) {
                assertThat(process.isAlive()).as("%s: %s", command, log).isTrue();
                sleep();
            }
        }

        private static void sleep() {
            try {
                Thread.sleep(5);
            } catch (InterruptedException interrupt) {
                Thread.currentThread().interrupt();
                throw new AssertionError(interrupt);
            }
        }

        @Override
        public void close() {
            process.destroy();
            try {
                assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
            } catch (InterruptedException interrupt) {
                Thread.currentThread().interrupt();
                throw new AssertionError(interrupt);
            }
        }
    }

    /** Standard output of a command that must end well. */
    private static String jimg(Object... words) {
        return run(0, words);
    }

    private static String run(int exitCode, Object... words) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        Console console = new Console("jimg", out, err);
        List<String> line = List.of(words).stream().map(Object::toString).toList();
        int ended = Main.run(console, Getopt.Order.PERMUTE, line);
        console.flush();
        assertThat(ended).as("%s: %s", line, err).isEqualTo(exitCode);
        return (exitCode == 0 ? out : err).toString(StandardCharsets.UTF_8);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "memory 4M",
                "--no-sr memory 4M",
                "--mask-handshake=0 memory 4M",
                "--filter=nozero --filter=noextents memory 4M",
                "--filter=fua memory 4M",
                "--filter=protect memory 4M protect=4294967296-4294967297",
                "--filter=blocksize-policy memory 4M blocksize-minimum=4096 blocksize-preferred=65536"
                        + " blocksize-maximum=131072 blocksize-error-policy=error",
            })
    void copiesToAndFrom(String words) throws IOException {
        try (Server server = new Server(words)) {
            assertThat(jimg("info", server.url)).contains("virtual size: 4 MiB (4194304 bytes)");
            jimg("convert", "-n", "-f", "raw", "-O", "raw", source, server.url);
            Path copy = folder.resolve("copy.qcow2");
            jimg("convert", "-f", "raw", "-O", "qcow2", server.url, copy);
            assertThat(jimg("compare", "-f", "raw", "-F", "qcow2", source, copy))
                    .isEqualTo("Images are identical.\n");
            jimg("compare", "-f", "raw", "-F", "raw", server.url, source);
        }
    }

    @Test
    void anImageOfAFormatIsMadeAndChangedThere() throws IOException {
        try (Server server = new Server("memory 16M")) {
            jimg("create", "-f", "qcow2", server.url, "32M");
            jimg("convert", "-n", "-f", "raw", "-O", "qcow2", source, server.url);
            assertThat(jimg("info", server.url)).contains("file format: qcow2", "virtual size: 32 MiB");
            assertThat(jimg("check", server.url)).contains("No errors were found on the image.");
            jimg("snapshot", "-c", "first", server.url);
            jimg("convert", "-f", "qcow2", "-l", "first", "-O", "raw", server.url, folder.resolve("first.raw"));
        }
        assertThat(Files.mismatch(folder.resolve("first.raw"), source)).isEqualTo(SIZE);
    }

    @Test
    void tellsWhereAFileHasHoles() throws IOException {
        jimg("convert", "-f", "raw", "-O", "raw", source, folder.resolve("sparse.raw"));
        try (Server server = new Server("file file=" + folder.resolve("sparse.raw"))) {
            assertThat(jimg("map", "-f", "raw", "--output=json", server.url))
                    .contains("\"start\": 0, \"length\": 1048576, \"depth\": 0, \"present\": true, \"zero\": false")
                    .contains(
                            "\"start\": 1048576, \"length\": 2097152, \"depth\": 0, \"present\": true, \"zero\": true")
                    .contains(
                            "\"start\": 3145728, \"length\": 1048576, \"depth\": 0, \"present\": true, \"zero\": false");
        }
    }

    @Test
    void saysWhatTheServerRefuses() throws IOException {
        try (Server server = new Server("full 4M")) {
            assertThat(run(1, "convert", "-n", "-f", "raw", "-O", "raw", source, server.url))
                    .isEqualTo("jimg: error while writing at byte 0: No space left on device\n");
            assertThat(jimg("map", "-f", "raw", server.url)).doesNotContain("0x");
        }
        try (Server server = new Server("--filter=error memory 4M error=EIO error-rate=100%")) {
            assertThat(run(1, "convert", "-f", "raw", "-O", "raw", server.url, folder.resolve("copy.raw")))
                    .contains("Input/output error");
        }
        try (Server server = new Server("-r memory 4M")) {
            assertThat(run(1, "convert", "-n", "-f", "raw", "-O", "raw", source, server.url))
                    .contains("Permission denied");
        }
    }
}
