package io.jimg.all;

import static org.assertj.core.api.Assertions.assertThat;

import io.jimg.DiskImage;
import io.jimg.OpenOptions;
import io.jimg.ops.Conversion;
import io.jimg.ops.Convert;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Carries compressed runs over as they are stored, into new images and existing ones. */
class ConvertCompressedTest extends ConvertFixture {
    @ParameterizedTest
    @CsvSource({"zlib", "zstd"})
    void compressedRunsAreCarriedOver(String codec) throws IOException {
        Path raw = SampleDisk.write(folder.resolve("raw"), ODD_SIZE, 3);
        Path packed = folder.resolve("packed");
        qemu.img("convert", "-c", "-f", "raw", "-O", "qcow2", "-o", "compression_type=" + codec, raw, packed)
                .expectExit(0);
        Path copy = folder.resolve("copy");
        Path other = folder.resolve("other");
        try (DiskImage source = open(packed, "qcow2")) {
            Conversion same = new Convert(source)
                    .compress(true)
                    .toNew(target(copy, "qcow2", "compression_type=" + codec))
                    .run();
            assertThat(same.carriedOver()).isGreaterThan(0);
            Conversion different = new Convert(source)
                    .compress(true)
                    .toNew(target(other, "qcow2", "cluster_size=32k;compression_type=" + codec))
                    .run();
            assertThat(different.carriedOver()).isZero();
        }
        qemu.checkClean("qcow2", copy);
        qemu.compareEqual("raw", raw, "qcow2", copy);
        qemu.compareEqual("raw", raw, "qcow2", other);
        assertThat(Files.size(copy)).isLessThan(Files.size(packed) + (256 << 10));
    }

    @ParameterizedTest
    @CsvSource({"raw", "qcow2"})
    void existingImageTakesCompressedData(String format) throws IOException {
        Path raw = SampleDisk.write(folder.resolve("raw"), (5 << 20) + 512, 14);
        Path input = folder.resolve("input");
        qemu.img(
                        format.equals("raw")
                                ? new Object[] {"convert", "-O", "raw", "-f", "raw", raw, input}
                                : new Object[] {"convert", "-c", "-O", "qcow2", "-f", "raw", raw, input})
                .expectExit(0);
        Path target = folder.resolve("target");
        qemu.img("create", "-q", "-f", "qcow2", target, "8M").expectExit(0);
        qemu.ioCommands("qcow2", target, "write -P 9 5M 3M");
        try (DiskImage source = open(input, format);
                DiskImage existing = IMAGES.open(
                        target, OpenOptions.DEFAULT.withFormat("qcow2").withWritable(true))) {
            Conversion done = new Convert(source).compress(true).into(existing).run();
            // The source ends within a run behind which the target has data of its own.
            assertThat(done.carriedOver()).isZero();
        }
        qemu.checkClean("qcow2", target);
        qemu.ioCommands("qcow2", target, "read -P 9 5243392 3145216");
        assertThat(qemu.img("check", "--output=json", "-f", "qcow2", target).stdout())
                .containsPattern("\"compressed-clusters\": [1-9]");
        Path head = folder.resolve("head");
        qemu.img("dd", "-f", "qcow2", "-O", "raw", "bs=512", "count=10241", "if=" + target, "of=" + head)
                .expectExit(0);
        assertThat(Files.mismatch(head, raw)).isEqualTo(-1);
    }

    @Test
    void existingImageOfTheSameSizeTakesRunsAsTheyAreStored() throws IOException {
        Path raw = SampleDisk.write(folder.resolve("raw"), (5 << 20) + 512, 15);
        Path packed = folder.resolve("packed");
        qemu.img("convert", "-c", "-O", "qcow2", "-f", "raw", raw, packed).expectExit(0);
        Path target = folder.resolve("target");
        qemu.img("create", "-q", "-f", "qcow2", target, (5 << 20) + 512).expectExit(0);
        try (DiskImage source = open(packed, "qcow2");
                DiskImage existing = IMAGES.open(
                        target, OpenOptions.DEFAULT.withFormat("qcow2").withWritable(true))) {
            Conversion done = new Convert(source).compress(true).into(existing).run();
            assertThat(done.carriedOver()).isGreaterThan(0);
        }
        qemu.checkClean("qcow2", target);
        qemu.compareEqual("raw", raw, "qcow2", target);
    }
}
