package io.jimg.raw;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.jimg.DiskImage;
import io.jimg.ErrorKind;
import io.jimg.Extent;
import io.jimg.ImageException;
import io.jimg.Images;
import io.jimg.OpenOptions;
import io.jimg.ZeroMode;
import io.jimg.spi.DottedOptions;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@Tag("quick")
class RawImageTest {
    private static final OpenOptions RAW = OpenOptions.DEFAULT.withFormat("raw");

    @TempDir
    Path folder;

    private Path file(String name, byte[] content) throws IOException {
        return Files.write(folder.resolve(name), content);
    }

    private static byte[] pattern(int length) {
        byte[] bytes = new byte[length];
        for (int i = 0; i < length; i++) {
            bytes[i] = (byte) (i % 251 + 1);
        }
        return bytes;
    }

    private static byte[] read(DiskImage image, long offset, int length) throws IOException {
        ByteBuffer buffer = ByteBuffer.allocate(length);
        image.read(buffer, offset);
        return buffer.array();
    }

    private static OpenOptions with(String... keysAndValues) {
        DottedOptions options = DottedOptions.EMPTY;
        for (int i = 0; i < keysAndValues.length; i += 2) {
            options = options.with(keysAndValues[i], keysAndValues[i + 1]);
        }
        return RAW.withDriverOptions(options);
    }

    @Test
    void lastSectorIsFilledWithZeroes() throws IOException {
        try (DiskImage image = Images.standard().open(file("odd", "abc".getBytes(StandardCharsets.US_ASCII)), RAW)) {
            assertThat(image.size()).isEqualTo(512);
            byte[] expected = new byte[512];
            System.arraycopy("abc".getBytes(StandardCharsets.US_ASCII), 0, expected, 0, 3);
            assertThat(read(image, 0, 512)).isEqualTo(expected);
            assertThat(image.extentAt(0, 512).length()).isEqualTo(3);
            Extent tail = image.extentAt(3, 509);
            assertThat(tail.zero()).isTrue();
            assertThat(tail.data()).isFalse();
            assertThat(tail.hostOffset()).isEqualTo(3);
            assertThat(tail.length()).isEqualTo(509);
        }
    }

    @Test
    void writeIntoTheLastSectorGrowsTheFileNoFurtherThanTheDisk() throws IOException {
        Path file = file("odd", pattern(1000));
        try (DiskImage image = Images.standard().open(file, RAW.withWritable(true))) {
            assertThat(image.size()).isEqualTo(1024);
            image.write(ByteBuffer.wrap(new byte[] {7}), 1023);
        }
        byte[] content = Files.readAllBytes(file);
        assertThat(content).hasSize(1024);
        assertThat(content[999]).isEqualTo(pattern(1000)[999]);
        assertThat(content[1000]).isZero();
        assertThat(content[1023]).isEqualTo((byte) 7);
    }

    @Test
    void windowShowsItsPartAndWritesNothingElse() throws IOException {
        byte[] content = pattern(4096);
        Path file = file("whole", content);
        try (DiskImage image =
                Images.standard().open(file, with("offset", "700", "size", "1k").withWritable(true))) {
            assertThat(image.size()).isEqualTo(1024);
            assertThat(read(image, 0, 1024)).isEqualTo(java.util.Arrays.copyOfRange(content, 700, 1724));
            assertThat(image.extentAt(10, 100).hostOffset()).isEqualTo(710);
            image.write(ByteBuffer.allocate(1024), 0);
            assertThatThrownBy(() -> image.write(ByteBuffer.allocate(2), 1023))
                    .isInstanceOfSatisfying(
                            ImageException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.OUT_OF_RANGE));
        }
        java.util.Arrays.fill(content, 700, 1724, (byte) 0);
        assertThat(Files.readAllBytes(file)).isEqualTo(content);
    }

    @Test
    void windowsOutsideTheFileAreRefusedInQemusWords() throws IOException {
        Path file = file("whole", pattern(10240));
        refused(
                file,
                with("offset", "11k"),
                "Offset (11264) cannot be greater than size of the containing file (10240)");
        refused(
                file,
                with("offset", "5k", "size", "6k"),
                "The sum of offset (5120) and size (6144) has to be smaller or equal to the  actual size of the containing"
                        + " file (10240)");
        refused(file, with("size", "1000"), "Specified size is not multiple of 512");
        refused(file, with("colour", "red"), "Block format 'raw' does not support the option 'colour'");
    }

    private static void refused(Path file, OpenOptions options, String sentence) {
        assertThatThrownBy(() -> Images.standard().open(file, options).close())
                .isInstanceOf(ImageException.class)
                .hasMessage(sentence);
    }

    @Test
    void probedImageDoesNotBecomeAnotherFormat() throws IOException {
        Path file = file("probed", pattern(4096));
        byte[] magic = {'T', 'E', 'S', 'T'};
        Images images = Images.standard().with(new OtherFormat(magic));
        try (DiskImage image = images.open(file, OpenOptions.DEFAULT.withWritable(true))) {
            assertThat(image.format()).isEqualTo("raw");
            assertThatThrownBy(() -> image.write(ByteBuffer.wrap(magic), 0))
                    .isInstanceOf(ImageException.class)
                    .hasMessage("Operation not permitted");
            image.write(ByteBuffer.wrap(new byte[] {'T', 'E', 'S'}), 0);
            assertThatThrownBy(() -> image.write(ByteBuffer.wrap(new byte[] {'T'}), 3))
                    .isInstanceOf(ImageException.class);
            image.write(ByteBuffer.wrap(magic), 1);
            image.write(ByteBuffer.wrap(magic), 512);
        }
        try (DiskImage image = images.open(file, RAW.withWritable(true))) {
            image.write(ByteBuffer.wrap(magic), 0);
        }
        assertThat(Files.readAllBytes(file)).startsWith(magic);
    }

    @Test
    void zeroesAndDiscardsReadAsZero() throws IOException {
        byte[] content = pattern(256 << 10);
        Path file = file("disk", content);
        try (DiskImage image = Images.standard().open(file, RAW.withWritable(true))) {
            image.writeZeroes(5000, 100_000, ZeroMode.MAY_UNMAP);
            java.util.Arrays.fill(content, 5000, 105_000, (byte) 0);
            image.writeZeroes(110_000, 20_000, ZeroMode.KEEP_ALLOCATED);
            java.util.Arrays.fill(content, 110_000, 130_000, (byte) 0);
            assertThat(read(image, 0, content.length)).isEqualTo(content);
            image.discard(0, 4096);
            byte[] first = read(image, 0, 4096);
            assertThat(first)
                    .matches(some -> java.util.Arrays.equals(some, new byte[4096])
                            || java.util.Arrays.equals(some, java.util.Arrays.copyOf(content, 4096)));
            assertThat(read(image, 4096, content.length - 4096))
                    .isEqualTo(java.util.Arrays.copyOfRange(content, 4096, content.length));
        }
        assertThat(Files.size(file)).isEqualTo(content.length);
    }

    @Test
    void readOnlyImageRefusesWrites() throws IOException {
        try (DiskImage image = Images.standard().open(file("disk", pattern(512)), RAW)) {
            assertThat(image.readOnly()).isTrue();
            assertThatThrownBy(() -> image.write(ByteBuffer.allocate(1), 0))
                    .isInstanceOfSatisfying(
                            ImageException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.READ_ONLY));
        }
    }
}
