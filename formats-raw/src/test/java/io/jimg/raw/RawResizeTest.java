package io.jimg.raw;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.jimg.DiskImage;
import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.Images;
import io.jimg.OpenOptions;
import io.jimg.capability.Resizable;
import io.jimg.capability.Resizable.Preallocation;
import io.jimg.ops.Resize;
import io.jimg.spi.DottedOptions;
import io.jimg.testkit.QemuOracle;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Raw images of another size, beside what qemu-img makes of the same file. */
class RawResizeTest {
    private static final OpenOptions WRITABLE =
            OpenOptions.DEFAULT.withFormat("raw").withWritable(true);

    @TempDir
    Path folder;

    @ParameterizedTest
    @CsvSource({
        "1048576, 2097152, OFF",
        "1048576, 2097152, FALLOC",
        "1048576, 2097152, FULL",
        "2000, 70000, OFF",
        "2000, 70000, FALLOC",
        "2000, 70000, FULL",
        "1048576, 5000, OFF",
        "1048576, 1048576, OFF"
    })
    void asQemuImg(int before, int after, Preallocation mode) throws IOException {
        QemuOracle oracle = QemuOracle.assumePresent();
        byte[] content = new byte[before];
        Arrays.fill(content, (byte) 7);
        Path ours = Files.write(folder.resolve("ours"), content);
        Path theirs = Files.write(folder.resolve("theirs"), content);
        try (DiskImage image = Images.standard().open(ours, WRITABLE)) {
            assertThat(Resize.of(image, after)
                            .preallocation(mode)
                            .shrink(true)
                            .job()
                            .run())
                    .isEqualTo((after + 511) / 512 * 512)
                    .isEqualTo(image.size());
            ByteBuffer last = ByteBuffer.allocate(512);
            image.read(last, image.size() - 512);
        }
        oracle.img("resize", "-q", "-f", "raw", "--shrink", "--preallocation=" + mode.text(), theirs, after)
                .expectExit(0);
        assertThat(ours).hasSameBinaryContentAs(theirs);
        assertThat(occupied(ours)).isEqualTo(occupied(theirs));
    }

    private static Object occupied(Path file) throws IOException {
        try (DiskImage image = Images.standard().open(file, OpenOptions.DEFAULT.withFormat("raw"))) {
            return image.allocatedSize();
        }
    }

    @Test
    void refusesAsQemuImg() throws IOException {
        QemuOracle oracle = QemuOracle.assumePresent();
        Path file = Files.write(folder.resolve("file"), new byte[4096]);
        try (DiskImage image = Images.standard().open(file, WRITABLE)) {
            assertRefused(image, 8192, Preallocation.METADATA, "Unsupported preallocation mode: metadata");
            assertRefused(image, 512, Preallocation.OFF, "Use the --shrink option to perform a shrink operation.");
            assertRefused(image, 512, Preallocation.FULL, "Preallocation can only be used for growing images");
            assertRefused(image, 0, Preallocation.OFF, "New image size must be positive");
        }
        assertThat(Files.size(file)).isEqualTo(4096);
        assertThat(oracle.img("resize", "-f", "raw", "--preallocation=metadata", file, 8192)
                        .stderr())
                .isEqualTo("qemu-img: Unsupported preallocation mode: metadata\n");
        OpenOptions part = WRITABLE.withDriverOptions(DottedOptions.EMPTY.with("size", "1024"));
        try (DiskImage image = Images.standard().open(file, part)) {
            assertRefused(image, 2048, Preallocation.OFF, "Cannot resize fixed-size raw disks");
        }
        try (DiskImage image = Images.standard().open(file, WRITABLE.withWritable(false))) {
            assertThat(image.capability(Resizable.class)).isEmpty();
        }
    }

    @Test
    void aWindowGrowsWithItsFile() throws IOException {
        Path file = Files.write(folder.resolve("file"), new byte[4096]);
        OpenOptions part = WRITABLE.withDriverOptions(DottedOptions.EMPTY.with("offset", "1024"));
        try (DiskImage image = Images.standard().open(file, part)) {
            Resize.of(image, 6144).job().run();
            image.write(ByteBuffer.wrap(new byte[] {1}), 6143);
        }
        assertThat(Files.size(file)).isEqualTo(7168);
    }

    private static void assertRefused(DiskImage image, long newSize, Preallocation mode, String sentence) {
        assertThatThrownBy(() ->
                        Resize.of(image, newSize).preallocation(mode).job().run())
                .isInstanceOf(ImageException.class)
                .hasMessage(sentence)
                .extracting(failure -> ((ImageException) failure).kind())
                .isIn(ErrorKind.UNSUPPORTED, ErrorKind.BAD_OPTION);
    }
}
