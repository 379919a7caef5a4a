package io.jimg.all;

import static org.assertj.core.api.Assertions.assertThat;

import io.jimg.DiskImage;
import io.jimg.Images;
import io.jimg.OpenOptions;
import io.jimg.ops.Compare;
import io.jimg.ops.Comparison;
import io.jimg.ops.Comparison.Outcome;
import io.jimg.spi.OpenGate;
import io.jimg.testkit.QemuOracle;
import io.jimg.testkit.Tool;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Compares pairs of images and lets the real qemu-img compare them too. */
class CompareTest {
    @TempDir
    Path folder;

    private QemuOracle qemu;

    @BeforeEach
    void findOracle() {
        qemu = QemuOracle.assumePresent();
    }

    private Path raw(String name, long size, long... writtenAt) throws IOException {
        Path file = folder.resolve(name);
        try (RandomAccessFile access = new RandomAccessFile(file.toFile(), "rw")) {
            access.setLength(size);
            for (long offset : writtenAt) {
                access.seek(offset);
                access.write(1);
            }
        }
        return file;
    }

    private static DiskImage open(Path file) throws IOException {
        return Images.standard().open(file, OpenOptions.DEFAULT.withGate(OpenGate.ALLOW));
    }

    private void agree(Path first, Path second, Outcome outcome, long offset) throws IOException {
        for (List<Path> pair : List.of(List.of(first, second), List.of(second, first))) {
            try (DiskImage one = open(pair.get(0));
                    DiskImage two = open(pair.get(1))) {
                assertThat(new Compare(one, two).job().run()).isEqualTo(new Comparison(outcome, offset));
            }
            Tool.Result theirs = qemu.img("compare", pair.get(0), pair.get(1));
            assertThat(theirs.stdout())
                    .contains(
                            outcome == Outcome.IDENTICAL
                                    ? "Images are identical."
                                    : "Content mismatch at offset " + offset + "!");
        }
    }

    @Test
    void equalContentInOtherFormats() throws IOException {
        Path raw = raw("raw", 10 << 20, 0, 4096, 1_000_000, (10 << 20) - 1);
        Path qcow2 = folder.resolve("qcow2");
        Path packed = folder.resolve("packed");
        qemu.img("convert", "-f", "raw", "-O", "qcow2", raw, qcow2).expectExit(0);
        qemu.img("convert", "-f", "raw", "-O", "qcow2", "-c", raw, packed).expectExit(0);
        agree(raw, qcow2, Outcome.IDENTICAL, 0);
        agree(raw, packed, Outcome.IDENTICAL, 0);
        agree(qcow2, packed, Outcome.IDENTICAL, 0);
    }

    @Test
    void firstDifferenceCounts() throws IOException {
        Path one = raw("one", 10 << 20, 5, 3_000_000, 9_000_000);
        agree(one, raw("other", 10 << 20, 5, 3_000_001, 7_000_000), Outcome.CONTENT_DIFFERS, 2_999_808);
        agree(one, raw("holes", 10 << 20, 5), Outcome.CONTENT_DIFFERS, 2_999_808);
        agree(one, raw("none", 10 << 20), Outcome.CONTENT_DIFFERS, 0);
    }

    @Test
    void zeroesPastTheEndOfTheShorterAreEqual() throws IOException {
        Path shorter = raw("short", 1 << 20, 5);
        agree(shorter, raw("long", 5 << 20, 5), Outcome.IDENTICAL, 0);
        agree(shorter, raw("longer", 5 << 20, 5, 4_000_000), Outcome.CONTENT_DIFFERS, 3_999_744);
    }

    @Test
    void strictComparisonSeesSizesAndAllocation() throws IOException {
        Path shorter = raw("short", 1 << 20, 5);
        Path longer = raw("long", 2 << 20, 5);
        Path empty = folder.resolve("empty");
        qemu.img("create", "-q", "-f", "qcow2", empty, "2M").expectExit(0);
        try (DiskImage one = open(shorter);
                DiskImage two = open(longer);
                DiskImage three = open(raw("again", 2 << 20, 5));
                DiskImage four = open(raw("hole", 2 << 20));
                DiskImage five = open(empty)) {
            assertThat(new Compare(one, two).strict(true).job().run().outcome()).isEqualTo(Outcome.SIZE_DIFFERS);
            assertThat(new Compare(two, three).strict(true).job().run().identical())
                    .isTrue();
            assertThat(new Compare(four, five).strict(true).job().run())
                    .isEqualTo(new Comparison(Outcome.ALLOCATION_DIFFERS, 0));
        }
        qemu.img("compare", "-s", longer, folder.resolve("again")).expectExit(0);
        assertThat(qemu.img("compare", "-s", folder.resolve("hole"), empty).stdout())
                .contains("Strict mode: Offset 0 block status mismatch!");
    }
}
