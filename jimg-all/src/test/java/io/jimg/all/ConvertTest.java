package io.jimg.all;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.jimg.CacheMode;
import io.jimg.DiskImage;
import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.Images;
import io.jimg.Job;
import io.jimg.OpenOptions;
import io.jimg.ops.Conversion;
import io.jimg.ops.Convert;
import io.jimg.ops.Create;
import io.jimg.spi.DottedOptions;
import io.jimg.spi.OpenGate;
import io.jimg.testkit.QemuOracle;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Converts, and lets the real qemu-img judge what came out. */
class ConvertTest {
    private static final Images IMAGES = Images.standard();
    private static final int ODD_SIZE = 9_000_700;

    @TempDir
    Path folder;

    private QemuOracle qemu;

    @BeforeEach
    void findOracle() {
        qemu = QemuOracle.assumePresent();
    }

    private static DiskImage open(Path file, String format) throws IOException {
        return IMAGES.open(file, OpenOptions.DEFAULT.withFormat(format).withGate(OpenGate.ALLOW));
    }

    private static Create target(Path file, String format, String options) {
        DottedOptions text = DottedOptions.EMPTY;
        for (String option : options.isEmpty() ? new String[0] : options.split(";")) {
            String[] parts = option.split("=");
            text = text.with(parts[0], parts[1]);
        }
        return new Create(IMAGES, file.toString()).format(format).options(text);
    }

    @Test
    void progressByDataTellsOfWholeRuns() throws IOException {
        Path raw = folder.resolve("raw");
        try (RandomAccessFile file = new RandomAccessFile(raw.toFile(), "rw")) {
            file.setLength(64 << 20);
        }
        Path allocated = folder.resolve("allocated");
        try (DiskImage source = open(raw, "raw")) {
            new Convert(source).toNew(target(allocated, "qcow2", "")).run();
        }
        qemu.io("-f", "qcow2", "-c", "write -P 1 0 5M", "-c", "write -P 1 32M 1M", allocated)
                .expectExit(0);
        List<String> told = new ArrayList<>();
        try (DiskImage source = open(allocated, "qcow2")) {
            Job<?> job = new Convert(source).progressByData(true).toNew(target(folder.resolve("copy"), "raw", ""));
            job.onProgress((done, total) -> told.add((done >> 20) + "/" + (total >> 20)));
            job.run();
        }
        assertThat(told).containsExactly("2/6", "4/6", "5/6", "6/6");
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

    @Test
    void backingFileHoldsTheRest() throws IOException {
        Path base = folder.resolve("base");
        Path overlay = folder.resolve("overlay");
        Path copy = folder.resolve("copy");
        qemu.img("create", "-q", "-f", "qcow2", base, "8M").expectExit(0);
        qemu.ioCommands("qcow2", base, "write -P 1 0 2M", "write -P 2 5M 1M");
        qemu.img("create", "-q", "-f", "qcow2", "-b", base, "-F", "qcow2", overlay)
                .expectExit(0);
        qemu.ioCommands("qcow2", overlay, "write -P 3 1M 64k", "write -z 64k 128k", "write -P 4 6M 4k");
        try (DiskImage source = open(overlay, "qcow2")) {
            Conversion done = new Convert(source)
                    .toNew(target(copy, "qcow2", "")
                            .backingFile(base.toString())
                            .backingFormat("qcow2"))
                    .run();
            assertThat(done.copied()).isEqualTo(128 << 10);
            assertThat(done.zeroes()).isEqualTo(128 << 10);
        }
        qemu.checkClean("qcow2", copy);
        qemu.compareEqual("qcow2", overlay, "qcow2", copy);
    }

    @ParameterizedTest
    @CsvSource({"true, 65536", "false, 131072"})
    void existingOverlayTakesOneLayerOrAll(boolean overBacking, long copied) throws IOException {
        Path base = folder.resolve("base");
        Path overlay = folder.resolve("overlay");
        Path target = folder.resolve("target");
        qemu.img("create", "-q", "-f", "qcow2", base, "1M").expectExit(0);
        qemu.ioCommands("qcow2", base, "write -P 2 0 64k");
        for (Path each : List.of(overlay, target)) {
            qemu.img("create", "-q", "-f", "qcow2", "-b", base, "-F", "qcow2", each)
                    .expectExit(0);
        }
        qemu.ioCommands("qcow2", overlay, "write -P 1 64k 64k");
        try (DiskImage source = open(overlay, "qcow2");
                DiskImage existing = IMAGES.open(
                        target,
                        OpenOptions.DEFAULT
                                .withFormat("qcow2")
                                .withWritable(true)
                                .withGate(OpenGate.ALLOW))) {
            assertThat(new Convert(source)
                            .overBacking(overBacking)
                            .into(existing)
                            .run()
                            .copied())
                    .isEqualTo(copied);
        }
        qemu.checkClean("qcow2", target);
        qemu.compareEqual("qcow2", overlay, "qcow2", target);
    }

    @ParameterizedTest
    @CsvSource({
        "1M, '', 4096, true",
        "1000k, '', 4096, false",
        "1M, preallocation=metadata;extended_l2=on, 4096, true",
        "1M, '', 0, true"
    })
    void nothingIsWrittenWhereAShorterBackingFileHasEnded(
            String backingSize, String options, int sparseSize, boolean zeroesBefore) throws IOException {
        Path base = folder.resolve("base");
        Path overlay = folder.resolve("overlay");
        Path copy = folder.resolve("copy");
        qemu.img("create", "-q", "-f", "raw", base, backingSize).expectExit(0);
        qemu.ioCommands("raw", base, "write -P 1 0 1000k");
        qemu.img("create", "-q", "-f", "qcow2", "-b", base, "-F", "raw", overlay, "100G")
                .expectExit(0);
        qemu.ioCommands("qcow2", overlay, "write -P 3 4M 64k", "write -z 1G 1M");
        if (zeroesBefore) {
            qemu.ioCommands("qcow2", overlay, "write -z 960k 128k");
        }
        try (DiskImage source = open(overlay, "qcow2")) {
            Conversion done = new Convert(source)
                    .sparseSize(sparseSize)
                    .toNew(target(copy, "qcow2", options)
                            .backingFile(base.toString())
                            .backingFormat("raw"))
                    .run();
            long zeroes = zeroesBefore ? 64 << 10 : 0;
            assertThat(done.zeroes()).isEqualTo(sparseSize == 0 ? 0 : zeroes);
            assertThat(done.copied()).isEqualTo((64 << 10) + (sparseSize == 0 ? zeroes : 0));
        }
        qemu.checkClean("qcow2", copy);
        qemu.compareEqual("qcow2", overlay, "qcow2", copy);
        if (options.isEmpty()) {
            assertThat(Files.size(copy)).isLessThan(1 << 20);
        }
    }

    @Test
    void backingFileThatTheCallerNamesIsOpenedAndWhatItNamesIsNot() throws IOException {
        Path base = folder.resolve("base");
        Path middle = folder.resolve("middle");
        Path raw = SampleDisk.write(folder.resolve("raw"), 1 << 20, 16);
        qemu.img("create", "-q", "-f", "qcow2", base, "1M").expectExit(0);
        qemu.ioCommands("qcow2", base, "write -P 2 0 1M");
        qemu.img("create", "-q", "-f", "qcow2", "-b", base, "-F", "qcow2", middle)
                .expectExit(0);
        Path created = folder.resolve("created");
        overlay(created, "", middle).plan().job().run();
        assertThat(qemu.img("info", "-f", "qcow2", created).expectExit(0).stdout())
                .contains("virtual size: 1 MiB");
        assertThatThrownBy(() -> overlay(created, "", middle)
                        .backingOptions(OpenOptions.DEFAULT)
                        .plan())
                .isInstanceOfSatisfying(
                        ImageException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.DENIED));
        // The second one is filled as an image that is open.
        for (String options : List.of("", "preallocation=metadata;extended_l2=on")) {
            try (DiskImage source = open(raw, "raw")) {
                Path copy = folder.resolve("copy" + options.length());
                new Convert(source).toNew(overlay(copy, options, base)).run();
                qemu.compareEqual("raw", raw, "qcow2", copy);
                Path denied = folder.resolve("denied");
                assertThatThrownBy(() -> new Convert(source).toNew(overlay(denied, options, middle)))
                        .isInstanceOfSatisfying(
                                ImageException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.DENIED));
                assertThat(denied).doesNotExist();
                new Convert(source)
                        .toNew(overlay(denied, options, middle)
                                .backingOptions(OpenOptions.DEFAULT.withGate(OpenGate.within(folder))))
                        .run();
                qemu.compareEqual("raw", raw, "qcow2", denied);
                Files.delete(denied);
            }
        }
    }

    private static Create overlay(Path file, String options, Path backing) {
        return target(file, "qcow2", options).backingFile(backing.toString()).backingFormat("qcow2");
    }

    @Test
    void dataFileThatTheCallerNamesIsOpened() throws IOException {
        Path raw = SampleDisk.write(folder.resolve("raw"), 1 << 20, 17);
        Path copy = folder.resolve("copy");
        try (DiskImage source = open(raw, "raw")) {
            new Convert(source)
                    .toNew(target(copy, "qcow2", "preallocation=metadata;data_file=" + folder.resolve("data")))
                    .run();
        }
        qemu.compareEqual("raw", raw, "qcow2", copy);
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
    void existingImageKeepsWhatLiesPastTheSource() throws IOException {
        Path raw = SampleDisk.write(folder.resolve("raw"), 5 << 20, 6);
        Path target = folder.resolve("target");
        qemu.img("create", "-q", "-f", "qcow2", target, "8M").expectExit(0);
        qemu.ioCommands("qcow2", target, "write -P 9 0 8M");
        try (DiskImage source = open(raw, "raw");
                DiskImage existing = IMAGES.open(
                        target, OpenOptions.DEFAULT.withFormat("qcow2").withWritable(true))) {
            new Convert(source).into(existing).run();
        }
        qemu.checkClean("qcow2", target);
        qemu.ioCommands("qcow2", target, "read -P 9 5M 3M");
        Path head = folder.resolve("head");
        qemu.img("dd", "-f", "qcow2", "-O", "raw", "bs=1M", "count=5", "if=" + target, "of=" + head)
                .expectExit(0);
        assertThat(Files.mismatch(head, raw)).isEqualTo(-1);
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
        qemu.ioCommands("qcow2", target, "write -P 9 0 8M");
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

    @Test
    void existingImageThatIsTooSmallIsRefused() throws IOException {
        Path raw = SampleDisk.write(folder.resolve("raw"), 5 << 20, 6);
        Path small = SampleDisk.write(folder.resolve("small"), 4 << 20, 7);
        byte[] before = Files.readAllBytes(small);
        try (DiskImage source = open(raw, "raw");
                DiskImage existing =
                        IMAGES.open(small, OpenOptions.DEFAULT.withFormat("raw").withWritable(true))) {
            assertThatThrownBy(() -> new Convert(source).into(existing).run())
                    .hasMessage("output file is smaller than input file");
        }
        assertThat(Files.readAllBytes(small)).isEqualTo(before);
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

    @Test
    void cancelledCopyLeavesNoOutputAndTheInputAsItWas() throws IOException {
        Path raw = SampleDisk.write(folder.resolve("raw"), 20 << 20, 8);
        byte[] before = Files.readAllBytes(raw);
        for (String format : List.of("raw", "qcow2")) {
            Path output = folder.resolve("output");
            try (DiskImage source = open(raw, "raw")) {
                var job = new Convert(source).toNew(target(output, format, ""));
                List<Long> steps = new ArrayList<>();
                job.onProgress((done, total) -> {
                    steps.add(done);
                    if (done > total / 2) {
                        job.cancel();
                    }
                });
                assertThatThrownBy(job::run)
                        .isInstanceOfSatisfying(
                                ImageException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.CANCELLED));
                assertThat(steps).isSorted();
            }
            assertThat(output).doesNotExist();
        }
        assertThat(Files.readAllBytes(raw)).isEqualTo(before);
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
    void unreadableSourceFailsAndLeavesNoOutput() throws IOException {
        Path raw = SampleDisk.write(folder.resolve("raw"), 8 << 20, 11);
        for (String format : List.of("raw", "qcow2")) {
            Path output = folder.resolve("output");
            try (WatchedImage source = new WatchedImage(open(raw, "raw"), firstDataSector(raw))) {
                assertThatThrownBy(() -> new Convert(source)
                                .toNew(target(output, format, ""))
                                .run())
                        .isInstanceOf(ImageException.class)
                        .hasMessageMatching("error while reading at byte [0-9]+: Input/output error");
            }
            assertThat(output).doesNotExist();
        }
    }

    @Test
    void salvagedCopyHasZeroesForWhatCannotBeRead() throws IOException {
        Path raw = SampleDisk.write(folder.resolve("raw"), 8 << 20, 11);
        Path output = folder.resolve("output");
        long bad = firstDataSector(raw);
        List<String> sentences = new ArrayList<>();
        try (WatchedImage source = new WatchedImage(open(raw, "raw"), bad)) {
            Conversion done = new Convert(source)
                    .salvage(sentences::add)
                    .toNew(target(output, "raw", ""))
                    .run();
            assertThat(done.unreadable()).isEqualTo(512);
        }
        assertThat(sentences).containsExactly("error while reading offset " + bad * 512 + ": Input/output error");
        byte[] expected = Files.readAllBytes(raw);
        Arrays.fill(expected, (int) bad * 512, (int) bad * 512 + 512, (byte) 0);
        assertThat(Files.readAllBytes(output)).isEqualTo(expected);
    }

    /** A sector that no copy can leave out, somewhere in the middle. */
    private static long firstDataSector(Path raw) throws IOException {
        byte[] bytes = Files.readAllBytes(raw);
        int at = bytes.length / 2;
        while (bytes[at] == 0) {
            at++;
        }
        return at / 512;
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

    @Test
    void inputIsNeverTheOutput() throws IOException {
        Path raw = SampleDisk.write(folder.resolve("raw"), 1 << 20, 9);
        Path link = Files.createLink(folder.resolve("link"), raw);
        Path overlay = folder.resolve("overlay");
        qemu.img("create", "-q", "-f", "qcow2", "-b", raw, "-F", "raw", overlay).expectExit(0);
        byte[] before = Files.readAllBytes(raw);
        for (OpenOptions how : List.of(
                OpenOptions.DEFAULT.withGate(OpenGate.ALLOW),
                OpenOptions.DEFAULT.withGate(OpenGate.ALLOW).withForceShare(true))) {
            try (DiskImage source = IMAGES.open(raw, how.withFormat("raw"));
                    DiskImage above = IMAGES.open(overlay, how.withFormat("qcow2"))) {
                for (DiskImage each : List.of(source, above)) {
                    assertThatThrownBy(() -> new Convert(each)
                                    .toNew(target(link, "raw", ""))
                                    .run())
                            .isInstanceOfSatisfying(
                                    ImageException.class,
                                    e -> assertThat(e.kind()).isEqualTo(ErrorKind.LOCKED));
                }
            }
        }
        assertThat(Files.readAllBytes(raw)).isEqualTo(before);
    }

    @Test
    void optionsAtFaultLeaveAnExistingFileAsItWas() throws IOException {
        Path raw = SampleDisk.write(folder.resolve("raw"), 1 << 20, 10);
        Path precious = Files.write(folder.resolve("precious"), new byte[] {1, 2, 3});
        try (DiskImage source = open(raw, "raw")) {
            for (String options : List.of("colour=red", "cluster_size=3", "refcount_bits=3", "compat=7")) {
                assertThatThrownBy(() -> new Convert(source)
                                .toNew(target(precious, "qcow2", options))
                                .run())
                        .isInstanceOf(ImageException.class);
                assertThat(Files.readAllBytes(precious)).containsExactly(1, 2, 3);
            }
            assertThatThrownBy(() -> new Convert(source)
                            .compress(true)
                            .toNew(target(precious, "raw", ""))
                            .run())
                    .hasMessage("Compression not supported for this file format");
        }
        assertThat(Files.readAllBytes(precious)).containsExactly(1, 2, 3);
    }
}
