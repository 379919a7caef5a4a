package io.jimg.qcow2.create;

import static org.assertj.core.api.Assertions.assertThat;

import io.jimg.Options;
import io.jimg.qcow2.Qcow2;
import io.jimg.qcow2.Qcow2Format;
import io.jimg.spi.CreateRequest;
import io.jimg.spi.DottedOptions;
import io.jimg.spi.ImageWriter;
import io.jimg.spi.ImageWriter.Placement;
import io.jimg.storage.FileStorage;
import io.jimg.testkit.QemuOracle;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class WriterTest {
    @TempDir
    private Path folder;

    /** A disk in runs: data, compressible data, zeroes and gaps, of random lengths. */
    private static final class Disk {
        final byte[] bytes;
        final boolean[] skipped;
        final int unit;

        Disk(int size, int cluster, long seed) {
            unit = cluster;
            bytes = new byte[size];
            skipped = new boolean[(size + cluster - 1) / cluster];
            Random random = new Random(seed);
            for (int at = 0; at < size; ) {
                int length = Math.min(size - at, cluster * (1 + random.nextInt(20)));
                switch (random.nextInt(4)) {
                    case 0 -> {
                        byte[] noise = new byte[length];
                        random.nextBytes(noise);
                        System.arraycopy(noise, 0, bytes, at, length);
                    }
                    case 1 -> {
                        for (int i = 0; i < length; i++) {
                            bytes[at + i] = (byte) (1 + random.nextInt(1 + random.nextInt(9)));
                        }
                    }
                    case 2 -> Arrays.fill(skipped, at / cluster, (at + length + cluster - 1) / cluster, true);
                    default -> {}
                }
                at += length;
            }
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "cluster_size=64k",
                "cluster_size=512",
                "cluster_size=512,refcount_bits=1",
                "cluster_size=512,refcount_bits=64",
                "cluster_size=4k,refcount_bits=2",
                "cluster_size=2M",
                "cluster_size=1k,compat=v2",
                "cluster_size=16k,extended_l2=on",
                "cluster_size=64k,extended_l2=on,refcount_bits=8",
                "cluster_size=2M,extended_l2=on,refcount_bits=32",
                "cluster_size=64k,compression_type=zstd",
                "cluster_size=4k,compression_type=zstd,refcount_bits=4",
                "cluster_size=64k,lazy_refcounts=on"
            })
    void qemuReadsWhatIsWritten(String options) throws Exception {
        QemuOracle oracle = QemuOracle.assumePresent();
        int cluster = (int) (long) request(0, options).options().require(Qcow2.CLUSTER_SIZE);
        for (boolean compressed : new boolean[] {false, true}) {
            int size = Math.min(3 << 20, cluster * 500) + (compressed ? 512 : 1536);
            Disk disk = new Disk(size, unit(options, cluster, compressed), 5);
            Path raw = folder.resolve("disk.raw");
            Files.write(raw, disk.bytes);
            Path image = write(disk, options, compressed, 7, "a");
            oracle.checkClean("qcow2", image);
            oracle.compareEqual("qcow2", image, "raw", raw);

            // Neither how the guest's bytes are cut into calls nor the order of the transfers changes a byte.
            assertThat(write(disk, options, compressed, 8, "b")).hasSameBinaryContentAs(image);

            oracle.ioCommands("qcow2", image, "write -P 9 1000 " + (size - 2000), "read -P 9 1000 " + (size - 2000));
            oracle.checkClean("qcow2", image);
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "cluster_size=64k",
                "cluster_size=512",
                "cluster_size=2M",
                "cluster_size=64k,extended_l2=on",
                "cluster_size=8k,refcount_bits=1"
            })
    void anImageOfPlainDataIsTheOneThatQemuImgConverts(String options) throws Exception {
        QemuOracle oracle = QemuOracle.assumeVersion(10);
        int cluster = (int) (long) request(0, options).options().require(Qcow2.CLUSTER_SIZE);
        byte[] bytes = new byte[Math.min(cluster * 30, 4 << 20)];
        new Random(3).nextBytes(bytes);
        Path raw = folder.resolve("disk.raw");
        Files.write(raw, bytes);
        Path theirs = folder.resolve("theirs.qcow2");
        oracle.img("convert", "-f", "raw", "-O", "qcow2", "-o", options, raw, theirs)
                .expectExit(0);
        Disk disk = new Disk(bytes.length, cluster, 0);
        System.arraycopy(bytes, 0, disk.bytes, 0, bytes.length);
        Arrays.fill(disk.skipped, false);
        assertThat(write(disk, options, false, 1, "a")).hasSameBinaryContentAs(theirs);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "cluster_size=64k",
                "cluster_size=4k,compat=v2",
                "cluster_size=64k,extended_l2=on",
                "cluster_size=4k,compression_type=zstd"
            })
    void zeroesHideTheBackingFileAndGapsShowIt(String options) throws Exception {
        QemuOracle oracle = QemuOracle.assumePresent();
        int cluster = (int) (long) request(0, options).options().require(Qcow2.CLUSTER_SIZE);
        boolean compressed = !options.contains("extended_l2");
        Disk disk = new Disk(cluster * 60 + 512, unit(options, cluster, compressed), 9);
        byte[] base = new byte[disk.bytes.length];
        Arrays.fill(base, (byte) 0x55);
        Path baseFile = folder.resolve("base.raw");
        Files.write(baseFile, base);
        Path image = write(disk, options + ",backing_fmt=raw,backing_file=" + baseFile, compressed, 3, "a");
        for (int i = 0; i < disk.skipped.length; i++) {
            if (disk.skipped[i]) {
                int end = Math.min(disk.bytes.length, (i + 1) * disk.unit);
                Arrays.fill(disk.bytes, i * disk.unit, end, (byte) 0x55);
            }
        }
        Path raw = folder.resolve("expected.raw");
        Files.write(raw, disk.bytes);
        oracle.checkClean("qcow2", image);
        oracle.compareEqual("qcow2", image, "raw", raw);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", ",data_file_raw=on", ",cluster_size=512", ",extended_l2=on,data_file_raw=on"})
    void dataGoesToItsOwnPlaceInADataFile(String options) throws Exception {
        QemuOracle oracle = QemuOracle.assumePresent();
        Path data = folder.resolve("data.raw");
        String all = "data_file=" + data + options;
        int cluster = (int) (long) request(0, all).options().require(Qcow2.CLUSTER_SIZE);
        Disk disk = new Disk(cluster * 60 + 512, unit(options, cluster, false), 11);
        Path raw = folder.resolve("disk.raw");
        Files.write(raw, disk.bytes);
        Path image = write(disk, all, false, 3, "a");
        oracle.checkClean("qcow2", image);
        oracle.compareEqual("qcow2", image, "raw", raw);
        assertThat(data).hasSameBinaryContentAs(raw);
    }

    @Test
    void whatIsNotFinishedIsNoImage() throws Exception {
        QemuOracle oracle = QemuOracle.assumePresent();
        Path image = folder.resolve("unfinished.qcow2");
        try (ImageWriter writer = new Qcow2Format()
                .createWriter(FileStorage.create(image), request(1 << 20, "cluster_size=64k"))
                .orElseThrow()) {
            writer.data(0, ByteBuffer.wrap(new byte[1 << 20])).write();
        }
        assertThat(oracle.img("info", "-f", "qcow2", image).expectExit(1).stderr())
                .contains("Image is not in qcow2 format");
    }

    @Test
    void aRunOfClustersIsOneWrite() throws Exception {
        List<Long> writes = new ArrayList<>();
        try (ImageWriter writer = new Qcow2Format()
                .createWriter(
                        new CountingStorage(FileStorage.create(folder.resolve("x.qcow2")), writes),
                        request(8 << 20, "cluster_size=64k"))
                .orElseThrow()) {
            Placement placement = writer.data(0, ByteBuffer.allocateDirect(8 << 20));
            writes.clear();
            placement.write();
            assertThat(writes).containsExactly(8L << 20);
        }
    }

    /** What the runs of a disk are multiples of. */
    private static int unit(String options, int cluster, boolean compressed) {
        return options.contains("extended_l2") && !compressed ? cluster / 32 : cluster;
    }

    private Path write(Disk disk, String options, boolean compressed, int clustersAtOnce, String name)
            throws Exception {
        Path image = folder.resolve(name + ".qcow2");
        CreateRequest request = request(disk.bytes.length, options);
        List<Placement> placements = new ArrayList<>();
        try (ImageWriter writer = new Qcow2Format()
                .createWriter(FileStorage.create(image), request)
                .orElseThrow()) {
            int cluster = disk.unit;
            assertThat(cluster % (compressed ? writer.runLength() : writer.alignment()))
                    .isZero();
            int chunk = compressed ? cluster : cluster * clustersAtOnce;
            for (int at = 0; at < disk.bytes.length; ) {
                int length = Math.min(chunk, disk.bytes.length - at);
                boolean skip = disk.skipped[at / cluster];
                int run = 0;
                boolean zero = zero(disk, at, Math.min(cluster, disk.bytes.length - at));
                while (run < length
                        && disk.skipped[(at + run) / cluster] == skip
                        && zero(disk, at + run, Math.min(cluster, disk.bytes.length - at - run)) == zero) {
                    run += cluster;
                }
                run = Math.min(run, length);
                if (zero && !skip) {
                    writer.zero(at, run);
                } else if (!skip) {
                    placements.add(place(writer, disk, at, run, compressed));
                }
                at += run;
            }
            Collections.shuffle(placements, new Random(clustersAtOnce));
            for (Placement placement : placements) {
                placement.write();
            }
            writer.finish();
        }
        return image;
    }

    private static Placement place(ImageWriter writer, Disk disk, int at, int length, boolean compressed)
            throws Exception {
        ByteBuffer source = ByteBuffer.wrap(disk.bytes, at, length);
        ByteBuffer stream = ByteBuffer.allocateDirect(writer.runLength());
        if (compressed && writer.compress(source, stream)) {
            return writer.compressed(at, stream.flip());
        }
        return writer.data(at, source);
    }

    private static boolean zero(Disk disk, int at, int length) {
        for (int i = at; i < at + length; i++) {
            if (disk.bytes[i] != 0) {
                return false;
            }
        }
        return true;
    }

    private static CreateRequest request(long size, String options) throws Exception {
        Map<String, String> text = new LinkedHashMap<>();
        for (String option : options.split(",")) {
            text.put(option.substring(0, option.indexOf('=')), option.substring(option.indexOf('=') + 1));
        }
        Options parsed = Qcow2.CREATE.parse(DottedOptions.of(text));
        return new CreateRequest(size, parsed, name -> FileStorage.create(Path.of(name)));
    }
}
