package io.jimg.host;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

@EnabledOnOs(OS.LINUX)
class DiskUsageTest {
    @TempDir
    Path folder;

    @Test
    void aHoleTakesNothing() throws IOException {
        Path file = folder.resolve("a file");
        try (RandomAccessFile opened = new RandomAccessFile(file.toFile(), "rw")) {
            opened.write(new byte[1 << 16]);
            opened.setLength(1 << 20);
        }
        assertThat(DiskUsage.ask(file).answer().orElseThrow()).isBetween(1L << 16, 1L << 18);
    }

    @Test
    void whatIsNotThereHasNoAnswer() {
        assertThat(DiskUsage.ask(folder.resolve("absent")).answer()).isEmpty();
    }

    @Test
    void anInterruptIsNoAnswerAndStaysSet() throws IOException {
        Path file = folder.resolve("file");
        new RandomAccessFile(file.toFile(), "rw").close();
        Thread.currentThread().interrupt();
        try {
            assertThat(DiskUsage.ask(file).answer()).hasValue(0);
        } finally {
            assertThat(Thread.interrupted()).isTrue();
        }
    }
}
