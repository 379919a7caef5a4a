package io.jimg.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** A signal asks a conversion how far it has come, and does not end it. */
@EnabledOnOs(OS.LINUX)
class StatusSignalTest {
    /** The signal's number on Linux. */
    private static final int SIGUSR1 = 10;

    @TempDir
    Path folder;

    @Test
    @Timeout(60)
    void progressIsTold() throws IOException, InterruptedException {
        Path source = folder.resolve("source");
        Files.write(source, new byte[8 << 20]);
        Path errors = folder.resolve("errors");
        Path output = folder.resolve("output");
        Process process = MainProcess.start(errors, "convert", "-S", 0, "-r", "512k", "-O", "raw", source, output);
        try {
            while (!Files.exists(output) || Files.size(output) == 0) {
                assertThat(process.isAlive()).as("%s", Files.readString(errors)).isTrue();
                Thread.sleep(10);
            }
            awaitAnswer(process);
            kill(process);
            while (Files.size(errors) == 0) {
                assertThat(process.isAlive()).as("it goes on").isTrue();
                Thread.sleep(10);
            }
            assertThat(process.isAlive()).isTrue();
            assertThat(Files.readString(errors)).matches(" {4}\\(\\d+\\.\\d\\d/100%\\)\n");
        } finally {
            process.destroyForcibly();
        }
    }

    /** The signal is arranged for beside the work, and ends a process that does not catch it yet. */
    private static void awaitAnswer(Process process) throws IOException, InterruptedException {
        while (true) {
            for (String line : Files.readAllLines(Path.of("/proc", Long.toString(process.pid()), "status"))) {
                if (line.startsWith("SigCgt:")
                        && (Long.parseUnsignedLong(line.substring(7).strip(), 16) >> (SIGUSR1 - 1) & 1) == 1) {
                    return;
                }
            }
            Thread.sleep(10);
        }
    }

    private static void kill(Process process) throws IOException, InterruptedException {
        Process kill = new ProcessBuilder("kill", "-USR1", Long.toString(process.pid()))
                .inheritIO()
                .start();
        assertThat(kill.waitFor(10, TimeUnit.SECONDS)).isTrue();
    }
}
