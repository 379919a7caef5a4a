package io.jimg.all;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.jimg.DiskImage;
import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.Images;
import io.jimg.OpenOptions;
import io.jimg.ZeroMode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Three copies, of which two must agree. */
class QuorumTest {
    private static final int SIZE = 4096;

    @TempDir
    Path folder;

    @BeforeEach
    void makeCopies() throws IOException {
        byte[] content = new byte[SIZE];
        Arrays.fill(content, (byte) 7);
        for (int i = 0; i < 3; i++) {
            Files.write(folder.resolve(i + ".img"), content);
        }
    }

    private DiskImage open(int threshold, boolean writable) throws IOException {
        StringBuilder children = new StringBuilder();
        for (int i = 0; i < 3; i++) {
            children.append(i == 0 ? "" : ",")
                    .append("{'driver':'file','filename':'")
                    .append(folder.resolve(i + ".img"))
                    .append("'}");
        }
        return Images.standard()
                .open(
                        "json:{'driver':'raw','file':{'driver':'quorum','vote-threshold':" + threshold + ",'children':["
                                + children + "]}}",
                        OpenOptions.DEFAULT.withWritable(writable));
    }

    private void damage(int copy, int value) throws IOException {
        byte[] bytes = Files.readAllBytes(folder.resolve(copy + ".img"));
        bytes[100] = (byte) value;
        Files.write(folder.resolve(copy + ".img"), bytes);
    }

    @Test
    void readsWhatMostSay() throws IOException {
        damage(0, 1);
        try (DiskImage image = open(2, false)) {
            ByteBuffer bytes = ByteBuffer.allocate(SIZE);
            image.read(bytes, 0);
            assertThat(bytes.get(100)).isEqualTo((byte) 7);
        }
    }

    @Test
    void failsWhereTooFewAgree() throws IOException {
        damage(0, 1);
        damage(1, 2);
        try (DiskImage image = open(2, false)) {
            assertThatThrownBy(() -> image.read(ByteBuffer.allocate(512), 0))
                    .isInstanceOfSatisfying(
                            ImageException.class,
                            failure -> assertThat(failure.kind()).isEqualTo(ErrorKind.IO));
            // What they agree upon can be read.
            image.read(ByteBuffer.allocate(512), 512);
        }
    }

    @Test
    void writesToAll() throws IOException {
        try (DiskImage image = open(3, true)) {
            image.write(ByteBuffer.wrap(new byte[] {1, 2, 3}), 1000);
            image.writeZeroes(2000, 48, ZeroMode.MAY_UNMAP);
        }
        byte[] expected = Files.readAllBytes(folder.resolve("0.img"));
        assertThat(Arrays.copyOfRange(expected, 999, 1004)).containsExactly(7, 1, 2, 3, 7);
        assertThat(Arrays.copyOfRange(expected, 1999, 2049)).startsWith(7, 0).endsWith(0, 7);
        assertThat(folder.resolve("1.img")).hasBinaryContent(expected);
        assertThat(folder.resolve("2.img")).hasBinaryContent(expected);
    }

    @Test
    void refusesThresholdsThatCannotBe() {
        assertThatThrownBy(() -> open(0, false)).hasMessage("Parameter 'vote-threshold' expects a value >= 1");
        assertThatThrownBy(() -> open(4, false)).hasMessage("threshold may not exceed children count");
    }

    @Test
    void isCalledByAllThatItStandsOn() throws IOException {
        try (DiskImage image = open(2, false)) {
            assertThat(image.name()).startsWith("json:{").contains("\"vote-threshold\": 2", "0.img", "1.img", "2.img");
        }
    }
}
