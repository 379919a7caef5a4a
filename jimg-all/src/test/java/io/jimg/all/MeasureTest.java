package io.jimg.all;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.jimg.DiskImage;
import io.jimg.ImageException;
import io.jimg.Images;
import io.jimg.OpenOptions;
import io.jimg.capability.Measurement;
import io.jimg.ops.Measure;
import io.jimg.spi.DottedOptions;
import io.jimg.spi.JsonWriter;
import io.jimg.spi.OpenGate;
import io.jimg.testkit.QemuOracle;
import io.jimg.testkit.Tool;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestReporter;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The figures beside those of the real qemu-img measure. */
class MeasureTest {
    private static final Images IMAGES = Images.standard();
    private static final int RANDOM_SIZES = Integer.getInteger("jimg.measure.sizes", 120);
    private static final Pattern FIGURE = Pattern.compile("\"([a-z-]+)\": (\\d+)");

    @TempDir
    Path folder;

    private QemuOracle qemu;

    @BeforeEach
    void findOracle() {
        qemu = QemuOracle.assumeVersion(10);
    }

    private static Measure measure(String format, String options) {
        DottedOptions text = DottedOptions.EMPTY;
        for (String option : options.isEmpty() ? new String[0] : options.split(",")) {
            String[] parts = option.split("=");
            text = text.with(parts[0], parts[1]);
        }
        return new Measure(IMAGES, format).options(text);
    }

    private Tool.Result theirs(String format, String options, Object... source) {
        List<Object> arguments = new ArrayList<>(List.of("measure", "--output=json", "-O", format));
        if (!options.isEmpty()) {
            arguments.addAll(List.of("-o", options));
        }
        arguments.addAll(List.of(source));
        return qemu.img(arguments.toArray());
    }

    private static String figures(String json) {
        Matcher matcher = FIGURE.matcher(json);
        return matcher.results()
                .map(found -> found.group(1) + "=" + found.group(2))
                .sorted()
                .collect(Collectors.joining(" "));
    }

    private static String figures(Measurement ours) {
        return figures(JsonWriter.pretty(ours.doc()));
    }

    private void compareSize(String format, String options, long size) throws IOException {
        Tool.Result theirs = theirs(format, options, "--size", size);
        if (theirs.exitCode() == 0) {
            assertThat(figures(measure(format, options).ofSize(size).run()))
                    .as("-O %s -o %s --size %d", format, options, size)
                    .isEqualTo(figures(theirs.stdout()));
        } else {
            String sentences = theirs.stderr()
                    .strip()
                    .replace("qemu-img: ", "")
                    .replace("\nInvalid options for file format '" + format + "'", "");
            assertThatThrownBy(() -> measure(format, options).ofSize(size).run())
                    .as("-O %s -o %s --size %d", format, options, size)
                    .isInstanceOf(ImageException.class)
                    .hasMessage(sentences);
        }
    }

    @Test
    void sizesAtRandom(TestReporter reporter) throws IOException {
        Random random = new Random(7);
        for (int i = 0; i < RANDOM_SIZES; i++) {
            long size = random.nextLong() >>> (13 + random.nextInt(50));
            String format = random.nextInt(8) == 0 ? "raw" : "qcow2";
            compareSize(format, format.equals("raw") ? "" : options(random), size);
        }
        reporter.publishEntry("sizes", Integer.toString(RANDOM_SIZES));
    }

    private static String options(Random random) {
        List<String> options = new ArrayList<>();
        int clusterBits = 9 + random.nextInt(13);
        options.add("cluster_size=" + (1 << clusterBits));
        boolean old = random.nextInt(5) == 0;
        if (old) {
            options.add("compat=0.10");
        } else if (random.nextBoolean()) {
            options.add("refcount_bits=" + (1 << random.nextInt(7)));
        }
        if (random.nextInt(3) == 0) {
            options.add("extended_l2=on");
        }
        if (random.nextInt(3) == 0) {
            options.add("preallocation="
                    + List.of("off", "metadata", "falloc", "full").get(random.nextInt(4)));
        }
        return String.join(",", options);
    }

    /** At the sizes where one table cluster more is needed. */
    @ParameterizedTest
    @ValueSource(strings = {"cluster_size=512", "cluster_size=512,refcount_bits=64", "cluster_size=4k,refcount_bits=1"})
    void sizesAtTheEdges(String options) throws IOException {
        for (long size : new long[] {1 << 15, 1 << 17, 1 << 21, 1 << 23, 1L << 26, 1L << 31, 1L << 37, 1L << 42}) {
            for (long beside = -1024; beside <= 1024; beside += 512) {
                compareSize("qcow2", options, size + beside);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "compat=0.10",
                "compat=1.1",
                "compat=foo",
                "preallocation=foo",
                "refcount_bits=3",
                "refcount_bits=128",
                "refcount_bits=0",
                "refcount_bits=8,compat=0.10",
                "compression_type=zstd",
                "compression_type=foo",
                "lazy_refcounts=on",
                "lazy_refcounts=on,compat=0.10",
                "extended_l2=on,cluster_size=8k",
                "extended_l2=on,compat=0.10",
                "encryption=on",
                "encrypt.format=aes",
                "encrypt.format=foo",
                "cluster_size=4M",
                "cluster_size=0",
                "cluster_size=3",
                "size=1k",
                "backing_fmt=foo",
                "backing_file=foo",
                "data_file=foo",
                "data_file=foo,data_file_raw=on",
                "data_file_raw=on",
                "foo=bar",
                "lazy_refcounts=2",
                "extent_size_hint=1M",
                "nocow=on"
            })
    void options(String options) throws IOException {
        for (long size : new long[] {0, 1, 1 << 20, 1L << 30, 1L << 50, 1L << 51, (1L << 51) + 1, 7L << 60}) {
            compareSize("qcow2", options, size);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "preallocation=full", "preallocation=foo", "nocow=on", "cluster_size=4k", "size=1M"})
    void rawOptions(String options) throws IOException {
        for (long size : new long[] {0, 1, 1000, 1L << 30, 7L << 60}) {
            compareSize("raw", options, size);
        }
    }

    @ParameterizedTest
    @CsvSource({"vmdk, Block driver 'vmdk' does not support size measurement", "foo, Unknown file format 'foo'"})
    void refusesUnknownFormats(String format, String sentence) {
        assertThatThrownBy(() -> measure(format, "").ofSize(1).run()).hasMessage(sentence);
    }

    @Test
    void copiesOfAllKinds() throws IOException {
        Path sample = SampleDisk.write(folder.resolve("sample"), 9_000_700, 1);
        // Without holes: whether these are seen is up to the host and to what the JVM may call.
        Path raw = folder.resolve("raw");
        qemu.img("convert", "-f", "raw", "-O", "raw", "-S", "0", sample, raw).expectExit(0);
        Path qcow2 = folder.resolve("qcow2");
        Path compressed = folder.resolve("compressed");
        Path overlay = folder.resolve("overlay");
        Path old = folder.resolve("old");
        Path small = folder.resolve("small");
        qemu.img("convert", "-f", "raw", "-O", "qcow2", "-o", "cluster_size=4k", sample, qcow2)
                .expectExit(0);
        qemu.img("convert", "-f", "raw", "-O", "qcow2", "-c", sample, compressed)
                .expectExit(0);
        qemu.img("convert", "-f", "raw", "-O", "qcow2", "-o", "compat=0.10", sample, old)
                .expectExit(0);
        qemu.img("create", "-q", "-f", "qcow2", "-F", "qcow2", "-b", qcow2, overlay, "20M")
                .expectExit(0);
        qemu.ioCommands("qcow2", overlay, "write 1000 70000", "write -z 1M 2M", "write 18M 100", "write 15M 1M");
        qemu.img("create", "-q", "-f", "qcow2", "-F", "raw", "-b", raw, small, "1M")
                .expectExit(0);
        Path marked = folder.resolve("marked");
        qemu.img("create", "-q", "-f", "qcow2", marked, "10G").expectExit(0);
        qemu.img("bitmap", "--add", marked, "one").expectExit(0);
        qemu.img("bitmap", "--add", "--disable", "-g", "512", marked, "two").expectExit(0);
        qemu.img("bitmap", "--add", "-g", "2G", marked, "one with a longer name")
                .expectExit(0);
        int compared = 0;
        for (Path file : List.of(raw, qcow2, compressed, overlay, old, small, marked)) {
            String format = file.equals(raw) ? "raw" : "qcow2";
            for (String options : List.of(
                    "",
                    "cluster_size=512",
                    "cluster_size=2M",
                    "cluster_size=4k,refcount_bits=1",
                    "extended_l2=on",
                    "compat=0.10",
                    "preallocation=metadata",
                    "preallocation=falloc",
                    "preallocation=full",
                    "backing_file=x",
                    "backing_fmt=raw",
                    "data_file=x")) {
                compareCopy(file, format, "qcow2", options);
                compared++;
            }
            compareCopy(file, format, "raw", "");
        }
        assertThat(compared).isEqualTo(84);
    }

    private void compareCopy(Path file, String format, String target, String options) throws IOException {
        String theirs =
                theirs(target, options, "-f", format, file).expectExit(0).stdout();
        try (DiskImage source =
                IMAGES.open(file, OpenOptions.DEFAULT.withFormat(format).withGate(OpenGate.ALLOW))) {
            assertThat(figures(measure(target, options).of(source).run()))
                    .as("%s -O %s -o %s", file.getFileName(), target, options)
                    .isEqualTo(figures(theirs));
        }
    }
}
