package io.jimg.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.jimg.storage.MemoryStorage;
import io.jimg.storage.Storage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LeakDetectorTest {
    @Test
    void findsStoragesThatNobodyClosed() throws IOException {
        LeakDetector detector = new LeakDetector();
        Storage first = detector.track(new MemoryStorage("first"));
        Storage second = detector.track(new MemoryStorage("second"));
        first.close();
        assertThatThrownBy(detector::assertAllClosed)
                .isInstanceOf(AssertionError.class)
                .hasMessageContaining("second");
        second.close();
        detector.assertAllClosed();
    }

    @Test
    void findsOpenFiles(@TempDir Path folder) throws IOException {
        LeakDetector.assertNoOpenFiles(folder);
        try (var stream = Files.newOutputStream(folder.resolve("x"))) {
            stream.write(1);
            if (Files.isDirectory(Path.of("/proc/self/fd"))) {
                assertThat(LeakDetector.openFiles(folder)).hasSize(1);
            }
        }
        LeakDetector.assertNoOpenFiles(folder);
    }
}
