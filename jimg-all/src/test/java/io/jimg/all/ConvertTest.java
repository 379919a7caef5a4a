package io.jimg.all;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.jimg.CacheMode;
import io.jimg.DiskImage;
import io.jimg.ImageException;
import io.jimg.OpenOptions;
import io.jimg.ops.Conversion;
import io.jimg.ops.Convert;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Converts whole images and parts, and lets the real qemu-img judge what came out. */
class ConvertTest extends ConvertFixture {
    @ParameterizedTest
    @CsvSource({
        "'', false",
        "cluster_size=512, false",
        "cluster_size=2M, false",
        "cluster_size=4k;refcount_bits=1, false",
        "extended_l2=on;cluster_size=128k, false",
        "compat=0.10, false",
        "preallocation=metadata, false",
        "preallocation=full, false",
        "lazy_refcounts=on, false",
        "'', true",
        "compression_type=zstd, true",
        "cluster_size=2M, true",
        "cluster_size=512, true"
    })
    void rawToQcow2AndBack(String options, boolean compress) throws IOException {
        Path raw = SampleDisk.write(folder.resolve("raw"), ODD_SIZE, 1);
        Path qcow2 = folder.resolve("qcow2");
        Path back = folder.resolve("back");
        try (DiskImage source = open(raw, "raw")) {
            Conversion done = new Convert(source)
                    .compress(compress)
                    .toNew(target(qcow2, "qcow2", options))
                    .run();
            assertThat(done.size()).isEqualTo(source.size());
            assertThat(done.copied() + done.zeroes()).isEqualTo(source.size());
        }
        qemu.checkClean("qcow2", qcow2);
        qemu.compareEqual("raw", raw, "qcow2", qcow2);
        try (DiskImage source = open(qcow2, "qcow2")) {
            new Convert(source).toNew(target(back, "raw", "")).run();
        }
        byte[] expected = Arrays.copyOf(Files.readAllBytes(raw), (ODD_SIZE + 511) / 512 * 512);
        assertThat(Files.readAllBytes(back)).isEqualTo(expected);
    }

    @ParameterizedTest
    @CsvSource({"raw, false", "qcow2, false", "qcow2, true"})
    void sameBytesOnAnyNumberOfThreads(String format, boolean compress) throws IOException {
        Path raw = SampleDisk.write(folder.resolve("raw"), 40_000_000, 2);
        byte[] first = null;
        for (int parallel : new int[] {1, 2, 3, 16}) {
            Path file = folder.resolve("out" + parallel);
            try (DiskImage source = open(raw, "raw")) {
                new Convert(source)
                        .compress(compress)
                        .parallel(parallel)
                        .toNew(target(file, format, ""))
                        .run();
            }
            byte[] bytes = Files.readAllBytes(file);
            assertThat(first == null || Arrays.equals(first, bytes))
                    .as("%s requests", parallel)
                    .isTrue();
            first = bytes;
        }
    }

    @ParameterizedTest
    @CsvSource({"0, 512", "1, 4096", "65535, 700001", "1048576, 0", "123456, 8877244"})
    void copiesARange(long offset, int length) throws IOException {
        byte[] bytes = new byte[ODD_SIZE];
        new Random(5).nextBytes(bytes);
        Path raw = Files.write(folder.resolve("raw"), bytes);
        Path part = folder.resolve("part");
        try (DiskImage source = open(raw, "raw")) {
            new Convert(source)
                    .range(offset, length)
                    .toNew(target(part, "qcow2", ""))
                    .run();
        }
        try (DiskImage copy = open(part, "qcow2")) {
            ByteBuffer read = ByteBuffer.allocate((int) copy.size());
            copy.read(read, 0);
            assertThat(copy.size()).isEqualTo((length + 511) / 512 * 512);
            assertThat(Arrays.copyOf(read.array(), length))
                    .isEqualTo(Arrays.copyOfRange(bytes, (int) offset, (int) offset + length));
        }
        try (DiskImage source = open(raw, "raw")) {
            Convert beyond = new Convert(source).range(source.size() - 1, 2);
            assertThatThrownBy(() -> beyond.toNew(target(part, "qcow2", ""))).isInstanceOf(ImageException.class);
        }
    }

    @Test
    void severalImagesAreJoined() throws IOException {
        Path first = SampleDisk.write(folder.resolve("first"), 3_000_001, 4);
        Path second = folder.resolve("second");
        qemu.img("convert", "-f", "raw", "-O", "qcow2", SampleDisk.write(folder.resolve("x"), 2_000_000, 5), second)
                .expectExit(0);
        Path joined = folder.resolve("joined");
        Path theirs = folder.resolve("theirs");
        try (DiskImage one = open(first, "raw");
                DiskImage two = open(second, "qcow2")) {
            new Convert(List.of(one, two)).toNew(target(joined, "raw", "")).run();
        }
        qemu.img("convert", "-O", "raw", first, second, theirs).expectExit(0);
        assertThat(Files.mismatch(joined, theirs)).isEqualTo(-1);
    }

    @Test
    void zeroesAreWrittenWhereTheyShallBe() throws IOException {
        Path raw = folder.resolve("raw");
        qemu.img("create", "-q", "-f", "raw", raw, "4M").expectExit(0);
        Path full = folder.resolve("full");
        try (DiskImage source = open(raw, "raw")) {
            Conversion done = new Convert(source)
                    .sparseSize(0)
                    .toNew(target(full, "qcow2", ""))
                    .run();
            assertThat(done.copied()).isEqualTo(4 << 20);
        }
        assertThat(qemu.img("map", "--output=json", "-f", "qcow2", full).stdout())
                .contains("\"length\": 4194304")
                .contains("\"data\": true");
        qemu.compareEqual("raw", raw, "qcow2", full);
    }

    @ParameterizedTest
    @CsvSource({"raw, NONE", "raw, DIRECTSYNC", "raw, WRITETHROUGH", "qcow2, NONE", "qcow2, WRITEBACK"})
    void cacheModeChangesNoByte(String format, CacheMode cache) throws IOException {
        Path raw = SampleDisk.write(folder.resolve("raw"), 3_000_320, 16);
        Path output = folder.resolve("output");
        try (DiskImage source =
                IMAGES.open(raw, OpenOptions.DEFAULT.withFormat("raw").withCache(cache))) {
            new Convert(source).cache(cache).toNew(target(output, format, "")).run();
        }
        qemu.compareEqual("raw", raw, format, output);
        if (format.equals("raw")) {
            assertThat(Files.mismatch(raw, output)).isEqualTo(-1);
        } else {
            qemu.checkClean(format, output);
        }
    }

    @Test
    void holesAreNotReadAndReadsAreFewAndSmall() throws IOException {
        Path raw = SampleDisk.write(folder.resolve("raw"), 8 << 20, 12);
        Path sparse = folder.resolve("sparse");
        qemu.img("convert", "-f", "raw", "-O", "qcow2", raw, sparse).expectExit(0);
        qemu.img("resize", "-q", "-f", "qcow2", sparse, "100G").expectExit(0);
        Path output = folder.resolve("output");
        try (WatchedImage source = new WatchedImage(open(sparse, "qcow2"))) {
            Conversion done = new Convert(source)
                    .parallel(2)
                    .toNew(target(output, "qcow2", ""))
                    .run();
            assertThat(done.size()).isEqualTo(100L << 30);
            assertThat(source.bytesRead.get()).isLessThanOrEqualTo(8 << 20);
            assertThat(source.mostReadsTogether.get()).isLessThanOrEqualTo(2);
            assertThat(source.longestRead.get()).isLessThanOrEqualTo(512 << 10);
        }
        qemu.checkClean("qcow2", output);
        qemu.compareEqual("qcow2", sparse, "qcow2", output);
    }

    @ParameterizedTest
    @CsvSource({"raw", "qcow2"})
    void hostCopiesTheSameBytes(String format) throws IOException {
        Path raw = SampleDisk.write(folder.resolve("raw"), 20_000_256, 13);
        Path input = folder.resolve("input");
        qemu.img("convert", "-f", "raw", "-O", format, raw, input).expectExit(0);
        Path output = folder.resolve("output");
        try (WatchedImage source = new WatchedImage(open(input, format))) {
            new Convert(source).copyRange(true).toNew(target(output, "raw", "")).run();
            assertThat(source.bytesRead.get()).isZero();
        }
        assertThat(Files.mismatch(raw, output)).isEqualTo(-1);
    }
}
