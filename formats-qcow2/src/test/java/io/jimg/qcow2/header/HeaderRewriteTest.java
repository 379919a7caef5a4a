package io.jimg.qcow2.header;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.storage.FileStorage;
import io.jimg.storage.MemoryStorage;
import io.jimg.storage.Storage;
import io.jimg.testkit.QemuOracle;
import io.jimg.testkit.ReorderingStorage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestReporter;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class HeaderRewriteTest {
    private static final int CHAINS = Integer.getInteger("jimg.powerloss.seeds", 60);
    private static final int REWRITES = 8;
    private static final int STATES = 6;
    private static final int UNKNOWN = 0x12345678;

    @TempDir
    Path folder;

    /** Random headers follow one another; power is lost before each change of the file. */
    @ParameterizedTest
    @ValueSource(ints = {9, 10, 11, 12, 16})
    void leavesTheOldHeaderOrTheNewOne(int clusterBits, TestReporter reporter) throws IOException {
        int crashes = 0;
        for (int seed = 1; seed <= CHAINS; seed++) {
            crashes += rewriteInTurn(clusterBits, new Random(seed));
        }
        reporter.publishEntry("crash points", Integer.toString(crashes));
        assertThat(crashes).isGreaterThan(CHAINS);
    }

    private static int rewriteInTurn(int clusterBits, Random random) throws IOException {
        ReorderingStorage file = new ReorderingStorage("image");
        Header present = header(clusterBits, random);
        file.write(HeaderWriter.write(present), 0);
        file.truncate(4L << clusterBits);
        file.flush();
        int[] crashes = {0};
        for (int i = 0; i < REWRITES; i++) {
            Header old = present;
            Header next = header(clusterBits, random);
            boolean sideBySide = clusterBits == 9
                    || clusterBits >= 12
                    || nameLength(old) + nameLength(next) < (1 << clusterBits) - 512;
            file.observe(number -> {
                for (int state = 0; sideBySide && state < STATES; state++) {
                    crashes[0]++;
                    assertThat(read(file.crash(random.nextLong()))).isIn(old, next);
                }
            });
            HeaderRewrite.run(file, next);
            file.observe(null);
            assertThat(parse(file).extension(HeaderRewrite.FILLER)).isNull();
            present = parse(file);
            assertThat(present).isEqualTo(next);
        }
        return crashes[0];
    }

    private static int nameLength(Header header) {
        return header.backing() == null ? 0 : header.backing().length();
    }

    private static Header header(int clusterBits, Random random) {
        Header header;
        do {
            header = randomHeader(clusterBits, random);
        } while (!HeaderRewrite.fits(header));
        return header;
    }

    private static Header randomHeader(int clusterBits, Random random) {
        List<HeaderExtension> extensions = new ArrayList<>();
        if (clusterBits >= 13 && random.nextInt(4) > 0) {
            extensions.add(FeatureNameTable.known());
        }
        if (random.nextBoolean()) {
            byte[] data = new byte[random.nextInt(clusterBits >= 12 ? 700 : 100)];
            random.nextBytes(data);
            extensions.add(random.nextInt(extensions.size() + 1), new HeaderExtension(UNKNOWN, data));
        }
        boolean version3 = random.nextInt(4) > 0;
        Header header = new Header(
                version3 ? 3 : 2,
                clusterBits,
                random.nextInt(1000) * 512L,
                CryptMethod.NONE,
                1 << 20,
                0,
                1 << clusterBits,
                1,
                0,
                0,
                FeatureSet.none(),
                version3 ? new FeatureSet<>(random.nextInt(8)) : FeatureSet.none(),
                FeatureSet.none(),
                4,
                CompressionType.ZLIB,
                version3 && random.nextInt(4) > 0 ? HeaderBytes.of(new byte[7]) : HeaderBytes.EMPTY,
                extensions,
                null);
        return random.nextInt(4) == 0
                ? header
                : header.withBacking(
                        name(random), random.nextBoolean() ? "qcow2" : random.nextBoolean() ? "raw" : null);
    }

    private static String name(Random random) {
        String letters = "abcdefghijklmnopqrstuvwxyz/.-0123456789".repeat(30);
        int length = random.nextInt(3) == 0 ? 1 + random.nextInt(1023) : 1 + random.nextInt(40);
        int start = random.nextInt(39);
        return letters.substring(start, start + length);
    }

    private static Header parse(Storage file) throws IOException {
        ByteBuffer prefix = ByteBuffer.allocate(512);
        file.read(prefix, 0);
        ByteBuffer cluster = ByteBuffer.allocate(HeaderParser.firstClusterSize(prefix.flip(), "image"));
        file.read(cluster, 0);
        return HeaderParser.parse(cluster.flip(), "image");
    }

    /** The header as everybody sees it, who do not know the filler. */
    private static Header read(Storage file) throws IOException {
        return parse(file).withExtension(HeaderRewrite.FILLER, null);
    }

    @Test
    void refusesWhatDoesNotFitAndChangesNothing() throws IOException {
        MemoryStorage file = new MemoryStorage("image");
        Header present = header(9, new Random(1));
        file.write(HeaderWriter.write(present), 0);
        Header tooLong = present.withBacking("a".repeat(500), "qcow2");
        assertThat(HeaderRewrite.fits(tooLong)).isFalse();
        assertThatThrownBy(() -> HeaderRewrite.run(file, tooLong))
                .isInstanceOfSatisfying(
                        ImageException.class,
                        failure -> assertThat(failure.kind()).isEqualTo(ErrorKind.LIMIT));
        assertThat(parse(file)).isEqualTo(present);
    }

    /** QEMU reads what we wrote, at each moment of the way. */
    @Test
    void isReadByTheRealTool() throws IOException {
        QemuOracle oracle = QemuOracle.assumePresent();
        Path image = folder.resolve("image.qcow2");
        oracle.img("create", "-q", "-f", "qcow2", "-u", "-b", "first", "-F", "raw", image, "1M")
                .expectExit(0);
        ReorderingStorage moments = new ReorderingStorage("image");
        try (FileStorage file = FileStorage.open(image, true)) {
            ByteBuffer all = ByteBuffer.allocate((int) file.size());
            file.read(all, 0);
            moments.write(all.flip(), 0);
            moments.flush();
        }
        int[] seen = {0};
        Header header = parse(moments).withBacking("the/second/name", "qcow2");
        Header withOther = header.withExtension(UNKNOWN, new HeaderExtension(UNKNOWN, new byte[100]));
        moments.observe(number -> {
            Path moment = folder.resolve("moment.qcow2");
            Files.deleteIfExists(moment);
            try (FileStorage file = FileStorage.create(moment)) {
                moments.crash(number).copyTo(file);
            }
            String info = oracle.img("info", moment).expectExit(0).stdout();
            assertThat(info).containsAnyOf("backing file: first", "backing file: the/second/name");
            oracle.img("check", "--image-opts", "driver=qcow2,backing=,file.filename=" + moment)
                    .expectExit(0);
            seen[0]++;
        });
        HeaderRewrite.run(moments, withOther);
        assertThat(seen[0]).isGreaterThan(4);
    }
}
