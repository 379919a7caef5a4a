package io.jimg.vmm;

import static org.assertj.core.api.Assertions.assertThat;

import io.jimg.nbd.NbdAddress;
import io.jimg.nbd.NbdClient;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** docs/vmm.md beside the code that it shows. */
@Timeout(60)
class ServeExamplesTest {
    private static final Path PAGE = Path.of("..", "docs", "vmm.md");
    private static final Path SOURCE = Path.of("src", "test", "java", "io", "jimg", "vmm", "ServeExamples.java");

    @ParameterizedTest
    @ValueSource(strings = {"overNbd", "overVhostUser"})
    void examplesOfThePageAreThoseThatAreCompiled(String method) throws Exception {
        String source = Files.readString(SOURCE);
        int start = source.indexOf("    static void " + method);
        String end = "\n    }\n";
        String example = source.substring(start, source.indexOf(end, start) + end.length() - 1);
        assertThat(Files.readString(PAGE)).contains(example.stripIndent());
    }

    @Test
    void theExampleServes(@TempDir Path folder) throws Exception {
        Path file = Files.write(folder.resolve("disk.raw"), new byte[1 << 20]);
        Path socket = folder.resolve("socket");
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ExecutorService threads = Executors.newSingleThreadExecutor();
        try {
            Future<?> served = threads.submit(() -> {
                ServeExamples.overNbd(file, socket, new PrintStream(out, true, StandardCharsets.UTF_8));
                return null;
            });
            while (out.size() == 0 && !served.isDone()) {
                Thread.sleep(5);
            }
            try (NbdClient client = NbdClient.connect(new NbdAddress.Unix(socket.toString()), "root", List.of())) {
                client.write(ByteBuffer.wrap(new byte[] {7}), 100, false);
            }
            served.get();
        } finally {
            threads.shutdownNow();
        }
        assertThat(out.toString(StandardCharsets.UTF_8)).isEqualTo("nbd+unix:///root?socket=" + socket + "\n");
        assertThat(Files.readAllBytes(file)[100]).isEqualTo((byte) 7);
    }
}
