package io.jimg.host.file;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
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
        assertThat(DiskUsage.ask(file, null).answer().orElseThrow()).isBetween(1L << 16, 1L << 18);
    }

    @Test
    void whatIsNotThereHasNoAnswer() {
        assertThat(DiskUsage.ask(folder.resolve("absent"), null).answer()).isEmpty();
    }

    @Test
    void anInterruptIsNoAnswerAndStaysSet() throws IOException {
        Path file = folder.resolve("file");
        new RandomAccessFile(file.toFile(), "rw").close();
        Thread.currentThread().interrupt();
        try {
            assertThat(DiskUsage.ask(file, null).answer()).hasValue(0);
        } finally {
            assertThat(Thread.interrupted()).isTrue();
        }
    }

    @Test
    void whoStartsTheProcessMayTellOfOneFile() throws IOException {
        Path file = folder.resolve("file");
        new RandomAccessFile(file.toFile(), "rw").close();
        Object key = Files.readAttributes(file, BasicFileAttributes.class).fileKey();
        try {
            System.setProperty("jimg.stat", key + ":24:512");
            assertThat(DiskUsage.ask(file, key).answer()).hasValue(24 * 512);
            assertThat(DiskUsage.ask(file, "(dev=1,ino=2)").answer()).hasValue(0);
            System.setProperty("jimg.stat", key + ":many:512");
            assertThat(DiskUsage.ask(file, key).answer()).isEmpty();
        } finally {
            System.clearProperty("jimg.stat");
        }
    }
}
