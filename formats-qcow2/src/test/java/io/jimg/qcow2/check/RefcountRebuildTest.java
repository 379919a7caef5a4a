package io.jimg.qcow2.check;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.capability.CheckReport;
import io.jimg.qcow2.header.Header;
import io.jimg.qcow2.header.IncompatibleFeature;
import io.jimg.qcow2.image.Qcow2Opener;
import io.jimg.storage.MemoryStorage;
import io.jimg.testkit.QemuOracle;
import io.jimg.testkit.ReorderingStorage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestReporter;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A dirty image's refcounts become right, whatever they were; what it holds does not change. */
class RefcountRebuildTest {
    private static final int C = 4096;

    @TempDir
    Path folder;

    private final QemuOracle oracle = QemuOracle.assumePresent();

    private ImageBytes dirty(String options) throws IOException {
        return ImageBytes.make(
                        oracle,
                        folder,
                        options,
                        "4M",
                        "write -P 1 0 40k",
                        "snapshot -c one IMAGE",
                        "write -P 2 1M 3k",
                        "write -c -P 3 80k 16k",
                        "write -P 4 8k 4k",
                        "write -z 2M 64k")
                .put(72, 1 | ImageBytes.read(folder.resolve("made.qcow2")).get(72));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "cluster_size=4k",
                "cluster_size=512",
                "cluster_size=4k,refcount_bits=2",
                "cluster_size=4k,refcount_bits=64",
                "cluster_size=16k,extended_l2=on",
                "cluster_size=512,refcount_bits=64"
            })
    void randomRefcountsBecomeRight(String options) throws IOException {
        ImageBytes sound = dirty(options);
        Random random = new Random(7);
        for (int round = 0; round < 10; round++) {
            ImageBytes image = sound.copy();
            long block = image.get(image.refcountTable(0));
            for (int i = 0; i < 20; i++) {
                image.put(block + random.nextInt(image.clusterSize()), 1, random.nextInt(256));
            }
            if (round % 3 == 0) {
                image.put(image.l2(0), image.get(image.l2(0)) ^ ImageBytes.COPIED);
            }
            if (round % 5 == 4) {
                image.put(image.refcountTable(0), random.nextBoolean() ? 0 : block + 512);
            }
            rebuildAndCompare(image, sound);
        }
    }

    @Test
    void aTableThatIsGoneIsMadeAnew() throws IOException {
        ImageBytes sound = dirty("cluster_size=4k");
        rebuildAndCompare(sound.copy().put(48, 5000 * C), sound);
        rebuildAndCompare(sound.copy().put(sound.refcountTable(3), sound.get(sound.refcountTable(0))), sound);
    }

    @Test
    void soundRefcountsStayWhereTheyAre() throws IOException {
        ImageBytes image = dirty("cluster_size=4k");
        MemoryStorage storage = image.storage();
        RefcountRebuild.run(storage, image.header());
        assertThat(storage.size()).isEqualTo(image.length());
        assertThat(header(storage).refcountTableOffset()).isEqualTo(image.get(48));
    }

    @Test
    void whatIsDamagedOtherwiseIsLeftAlone() throws IOException {
        ImageBytes image = dirty("cluster_size=4k");
        image.put(image.l2(0), image.get(image.l2(0)) | 512).put(image.get(image.refcountTable(0)), 8, 0);
        MemoryStorage storage = image.storage();
        assertThatThrownBy(() -> RefcountRebuild.run(storage, image.header()))
                .isInstanceOfSatisfying(
                        ImageException.class,
                        failure -> assertThat(failure.kind()).isEqualTo(ErrorKind.CORRUPT))
                .hasMessageContaining("Data cluster is not properly aligned");
        ByteBuffer after = ByteBuffer.allocate(image.length());
        storage.read(after, 0);
        assertThat(after.array()).isEqualTo(image.bytes());
    }

    @Test
    void losesNothingWhenPowerIsLostOnTheWay(TestReporter reporter) throws IOException {
        int[] crashes = {0};
        ImageBytes sound = dirty("cluster_size=4k");
        for (int seed = 0; seed < 60; seed++) {
            Random random = new Random(seed);
            ImageBytes image = sound.copy();
            long block = image.get(image.refcountTable(0));
            for (int i = 0; i < 20; i++) {
                image.put(block + random.nextInt(image.clusterSize()), 1, random.nextInt(256));
            }
            if (seed % 2 == 0) {
                image.put(image.refcountTable(0), 0);
            }
            ReorderingStorage storage = new ReorderingStorage("disk");
            storage.write(ByteBuffer.wrap(image.bytes()), 0);
            storage.flush();
            long crashSeed = seed;
            storage.observe(number -> {
                crashes[0]++;
                rebuildsOnceMore(storage.crash(crashSeed * 1000 + number));
            });
            RefcountRebuild.run(storage, Qcow2Opener.readHeader(storage));
            storage.observe(null);
            rebuildsOnceMore(storage.crash(seed));
        }
        reporter.publishEntry("crash points", Integer.toString(crashes[0]));
    }

    /** Whatever was left is clean, or dirty and then right after a repair. */
    private static void rebuildsOnceMore(ReorderingStorage left) throws IOException {
        Header header = Qcow2Opener.readHeader(left);
        if (header.incompatible().has(IncompatibleFeature.DIRTY)) {
            RefcountRebuild.run(left, header);
            header = Qcow2Opener.readHeader(left);
        }
        assertThat(new Qcow2Check(left, header).run().findings()).isEmpty();
    }

    private void rebuildAndCompare(ImageBytes image, ImageBytes sound) throws IOException {
        MemoryStorage storage = image.storage();
        RefcountRebuild.run(storage, image.header());
        Header header = header(storage);
        assertThat(header.incompatible().has(IncompatibleFeature.DIRTY)).isFalse();
        CheckReport report = new Qcow2Check(storage, header).run();
        assertThat(report.findings()).isEmpty();
        Path file = folder.resolve("rebuilt.qcow2");
        ByteBuffer bytes = ByteBuffer.allocate((int) storage.size());
        storage.read(bytes, 0);
        Files.write(file, bytes.array());
        oracle.checkClean("qcow2", file);
        oracle.compareEqual("qcow2", file, "qcow2", sound.save(folder.resolve("sound.qcow2")));
    }

    private static Header header(MemoryStorage storage) throws IOException {
        return Qcow2Opener.readHeader(storage);
    }
}
