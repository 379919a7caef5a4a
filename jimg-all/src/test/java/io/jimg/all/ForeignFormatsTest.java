package io.jimg.all;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.jimg.DiskImage;
import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.Images;
import io.jimg.OpenOptions;
import io.jimg.spi.OpenGate;
import io.jimg.testkit.QemuOracle;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Files in formats that have no driver, which must not be taken for plain disks by guessing. */
class ForeignFormatsTest {
    private static final Images IMAGES = Images.standard();
    private static final int SECTOR = 512;

    @TempDir
    Path folder;

    private Path created(String format) throws IOException {
        Path file = folder.resolve("disk");
        QemuOracle.assumePresent().img("create", "-f", format, file, "8M").expectExit(0);
        return file;
    }

    private static void refused(Path file, String format) {
        assertThatThrownBy(() -> IMAGES.open(file, OpenOptions.DEFAULT).close())
                .isInstanceOfSatisfying(
                        ImageException.class,
                        failure -> assertThat(failure.kind()).isEqualTo(ErrorKind.UNSUPPORTED))
                .hasMessageContaining(
                        "The file is an image in the format " + format + ", for which there is no driver");
    }

    @ParameterizedTest
    @ValueSource(strings = {"qcow", "qed", "vdi", "vhdx", "vpc", "parallels"})
    void areRefusedWhereTheFormatIsGuessed(String format) throws IOException {
        refused(created(format), format);
    }

    @ParameterizedTest
    @ValueSource(strings = {"qcow", "qed", "vdi", "vhdx", "vpc", "parallels"})
    void arePlainBytesWhereTheFormatIsStated(String format) throws IOException {
        Path file = created(format);
        byte[] head = new byte[SECTOR];
        try (DiskImage image = IMAGES.open(file, OpenOptions.DEFAULT.withFormat("raw"))) {
            image.read(ByteBuffer.wrap(head), 0);
        }
        assertThat(head).isEqualTo(Arrays.copyOf(Files.readAllBytes(file), SECTOR));
    }

    @Test
    void areRefusedBeneathAnImageThatStatesNoFormatForThem() throws IOException {
        Path base = created("vdi");
        Path over = folder.resolve("over.qcow2");
        QemuOracle.assumePresent()
                .img("create", "-u", "-f", "qcow2", "-b", base, "-F", "raw", over, "8M")
                .expectExit(0);
        OpenOptions options = OpenOptions.DEFAULT.withFormat("qcow2").withGate(OpenGate.ALLOW);
        // Its bytes are what QEMU shows too.
        try (DiskImage image = IMAGES.open(over, options)) {
            assertThat(image.backing()).isNotNull();
        }
        // The header extension that states the format becomes one that nobody knows.
        HostileImages.patchInt(over, 112, 0x12345678);
        assertThatThrownBy(() -> IMAGES.open(over, options).close())
                .hasMessageContaining("Could not open backing file: ")
                .hasMessageContaining("is an image in the format vdi");
    }

    /** As QEMU: a guest must not choose how its disk is read the next time. */
    @ParameterizedTest
    @ValueSource(strings = {"qcow", "qed", "vdi", "vhdx", "vpc"})
    void cannotBeWrittenIntoADiskThatWasGuessedToBePlain(String format) throws IOException {
        byte[] head = Arrays.copyOf(Files.readAllBytes(created(format)), SECTOR);
        Path plain = folder.resolve("plain");
        Files.write(plain, new byte[1 << 20]);
        Path pattern = Files.write(folder.resolve("head"), head);
        assertThat(QemuOracle.assumePresent()
                        .io("-c", "write -s " + pattern + " 0 512", plain)
                        .stdout())
                .contains("Operation not permitted");
        try (DiskImage image = IMAGES.open(plain, OpenOptions.DEFAULT.withWritable(true))) {
            assertThatThrownBy(() -> image.write(ByteBuffer.wrap(head), 0)).hasMessage("Operation not permitted");
            image.write(ByteBuffer.wrap(head), SECTOR);
        }
    }
}
