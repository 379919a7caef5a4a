package io.jimg.qcow2.compression;

import static org.assertj.core.api.Assertions.assertThat;

import com.github.luben.zstd.Zstd;
import io.jimg.ImageException;
import io.jimg.qcow2.header.CompressionType;
import io.jimg.testkit.QemuOracle;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import java.util.zip.Deflater;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Streams of odd shapes are read, or refused, as QEMU reads or refuses them. */
class StreamShapesTest {
    private static final int CLUSTER = 65536;
    private static final byte[] PLAIN = plain();

    @TempDir
    private Path folder;

    static Stream<Arguments> streams() {
        byte[] cluster = Arrays.copyOf(PLAIN, CLUSTER);
        byte[] shorter = Arrays.copyOf(PLAIN, CLUSTER - 1);
        byte[] noise = new byte[3000];
        Arrays.fill(noise, (byte) 0xFF);
        List<Arguments> all = new ArrayList<>();
        CompressionType zlib = CompressionType.ZLIB;
        all.add(Arguments.of(zlib, "a cluster", deflate(cluster, true)));
        all.add(Arguments.of(zlib, "more than a cluster", deflate(PLAIN, true)));
        all.add(Arguments.of(zlib, "no end mark", deflate(cluster, false)));
        all.add(Arguments.of(zlib, "less than a cluster", deflate(shorter, true)));
        all.add(Arguments.of(zlib, "cut", Arrays.copyOf(deflate(cluster, true), 2000)));
        all.add(Arguments.of(zlib, "noise", noise));
        CompressionType zstd = CompressionType.ZSTD;
        all.add(Arguments.of(zstd, "a cluster", Zstd.compress(cluster)));
        all.add(Arguments.of(
                zstd,
                "two frames",
                join(
                        Zstd.compress(Arrays.copyOf(cluster, 30000)),
                        Zstd.compress(Arrays.copyOfRange(cluster, 30000, CLUSTER)))));
        all.add(Arguments.of(zstd, "an empty frame first", join(Zstd.compress(new byte[0]), Zstd.compress(cluster))));
        all.add(Arguments.of(zstd, "more than a cluster", Zstd.compress(PLAIN)));
        all.add(Arguments.of(zstd, "less than a cluster", Zstd.compress(shorter)));
        all.add(Arguments.of(zstd, "less, then noise", join(Zstd.compress(shorter), noise)));
        all.add(Arguments.of(zstd, "cut", Arrays.copyOf(Zstd.compress(cluster), 2000)));
        all.add(Arguments.of(zstd, "noise", noise));
        return all.stream();
    }

    @ParameterizedTest(name = "{0}: {1}")
    @MethodSource("streams")
    void isReadAsQemuReadsIt(CompressionType type, String shape, byte[] stream) throws Exception {
        QemuOracle oracle = QemuOracle.assumePresent();
        Path image = folder.resolve("image.qcow2");
        oracle.img("create", "-q", "-f", "qcow2", "-o", "compression_type=" + type.spelling(), image, CLUSTER)
                .expectExit(0);
        oracle.ioCommands("qcow2", image, "write -c -P 1 0 64k");
        replaceOnlyStream(image, stream);
        Path raw = folder.resolve("theirs.raw");
        boolean theirs =
                oracle.img("convert", "-f", "qcow2", "-O", "raw", image, raw).exitCode() == 0;

        ByteBuffer cluster = ByteBuffer.allocateDirect(CLUSTER);
        boolean ours = true;
        try (ClusterCompression compression = new ClusterCompression(type, DeflateChoice.AUTO, CLUSTER)) {
            ByteBuffer source = ByteBuffer.allocateDirect(stream.length + 100);
            compression.decode(source.put(stream).clear(), cluster);
        } catch (ImageException refused) {
            ours = false;
        }
        assertThat(ours).isEqualTo(theirs);
        if (theirs) {
            assertThat(cluster).isEqualTo(ByteBuffer.wrap(Files.readAllBytes(raw)));
        }
    }

    /** Puts other bytes in the place of the only compressed cluster, and their length into its L2 entry. */
    private static void replaceOnlyStream(Path image, byte[] stream) throws Exception {
        byte[] bytes = Files.readAllBytes(image);
        ByteBuffer file = ByteBuffer.wrap(Arrays.copyOf(bytes, bytes.length + stream.length + 512));
        long offsetMask = (1L << 56) - 1;
        int l2 = (int) (file.getLong((int) file.getLong(40)) & offsetMask);
        int offsetBits = 62 - 8;
        int host = (int) (file.getLong(l2) & ((1L << offsetBits) - 1));
        long sectors = (host + stream.length - 1) / 512 - host / 512;
        file.putLong(l2, 1L << 62 | sectors << offsetBits | host);
        file.put(host, stream);
        Files.write(image, file.array());
    }

    private static byte[] deflate(byte[] plain, boolean end) {
        Deflater deflater = new Deflater(Deflater.DEFAULT_COMPRESSION, true);
        deflater.setInput(plain);
        if (end) {
            deflater.finish();
        }
        byte[] stream = new byte[2 * CLUSTER];
        int length = deflater.deflate(stream, 0, stream.length, Deflater.SYNC_FLUSH);
        deflater.end();
        return Arrays.copyOf(stream, length);
    }

    private static byte[] join(byte[] first, byte[] second) {
        ByteArrayOutputStream both = new ByteArrayOutputStream();
        both.writeBytes(first);
        both.writeBytes(second);
        return both.toByteArray();
    }

    private static byte[] plain() {
        byte[] plain = new byte[100_000];
        Random random = new Random(1);
        for (int i = 0; i < plain.length; i++) {
            plain[i] = (byte) ('a' + random.nextInt(8));
        }
        return plain;
    }
}
