package io.jimg.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class QemuOracleTest {
    private final QemuOracle oracle = QemuOracle.assumePresent();

    @TempDir
    private Path folder;

    @Test
    void runsInAFolderAndKeepsTheStreamsApart() {
        oracle.imgIn(folder, "create", "-q", "-f", "qcow2", "x.qcow2", "1M").expectExit(0);
        var info = oracle.imgIn(folder, "info", "x.qcow2").expectExit(0);
        assertThat(info.stdout()).startsWith("image: x.qcow2\n");
        assertThat(info.stderr()).isEmpty();
        var missing = oracle.imgIn(folder, "info", "y.qcow2").expectExit(1);
        assertThat(missing.stdout()).isEmpty();
        assertThat(missing.stderr()).contains("Could not open 'y.qcow2'");
    }

    @Test
    void tellsCleanImagesFromDamagedOnes() {
        Path image = folder.resolve("x.qcow2");
        oracle.img("create", "-q", "-f", "qcow2", image, "1M").expectExit(0);
        oracle.ioCommands("qcow2", image, "write -P 7 0 64k", "read -P 7 0 64k");
        oracle.checkClean("qcow2", image);
        oracle.io("-f", "raw", "-c", "write -P 0 64k 128k", image).expectExit(0);
        assertThatThrownBy(() -> oracle.checkClean("qcow2", image)).isInstanceOf(AssertionError.class);
    }

    @Test
    void aPatternThatIsNotThereFailsTheTest() {
        Path image = folder.resolve("x.qcow2");
        oracle.img("create", "-q", "-f", "qcow2", image, "1M").expectExit(0);
        assertThatThrownBy(() -> oracle.ioCommands("qcow2", image, "read -P 7 0 64k"))
                .isInstanceOf(AssertionError.class);
    }
}
