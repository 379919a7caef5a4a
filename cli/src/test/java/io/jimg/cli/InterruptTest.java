package io.jimg.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** A signal ends a conversion, and nothing that looks like an image is left. */
@DisabledOnOs(OS.WINDOWS)
class InterruptTest {
    private static final int SIGTERM_EXIT_CODE = 128 + 15;

    @TempDir
    Path folder;

    @Test
    @Timeout(60)
    void halfWrittenOutputIsRemoved() throws IOException, InterruptedException {
        Path source = folder.resolve("source");
        try (RandomAccessFile file = new RandomAccessFile(source.toFile(), "rw")) {
            byte[] data = new byte[8 << 20];
            data[0] = 1;
            file.write(data);
        }
        Path output = folder.resolve("output");
        Path errors = folder.resolve("errors");
        Process process = MainProcess.start(errors, "convert", "-S", 0, "-r", "256k", "-O", "qcow2", source, output);
        try {
            while (!Files.exists(output)) {
                assertThat(process.isAlive()).as("%s", Files.readString(errors)).isTrue();
                Thread.sleep(10);
            }
            process.destroy();
            assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
        } finally {
            process.destroyForcibly();
        }
        assertThat(process.exitValue()).isEqualTo(SIGTERM_EXIT_CODE);
        assertThat(Files.readString(errors)).isEqualTo("jimg: The operation was cancelled\n");
        assertThat(output).doesNotExist();
    }
}
