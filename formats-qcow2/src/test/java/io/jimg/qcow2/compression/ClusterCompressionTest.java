package io.jimg.qcow2.compression;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.host.deflate.DeflateLibrary;
import io.jimg.qcow2.header.CompressionType;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

@Tag("quick")
class ClusterCompressionTest {
    static final int CLUSTER = 65536;

    /** A type of compression and which deflate makes and reads it. */
    record Way(CompressionType type, DeflateChoice choice, boolean direct) {
        ClusterCompression open() {
            return new ClusterCompression(type, choice, CLUSTER);
        }

        ByteBuffer buffer(int capacity) {
            return direct ? ByteBuffer.allocateDirect(capacity) : ByteBuffer.allocate(capacity);
        }
    }

    static Stream<Way> ways() {
        List<Way> ways = new ArrayList<>();
        for (boolean direct : new boolean[] {true, false}) {
            ways.add(new Way(CompressionType.ZLIB, DeflateChoice.JAVA, direct));
            ways.add(new Way(CompressionType.ZSTD, DeflateChoice.AUTO, direct));
            if (DeflateLibrary.libdeflate().isPresent()) {
                ways.add(new Way(CompressionType.ZLIB, DeflateChoice.LIBDEFLATE, direct));
            }
        }
        return ways.stream();
    }

    @ParameterizedTest
    @MethodSource("ways")
    void decodesWhatItEncodesAndTellsWhereTheStreamEnds(Way way) throws Exception {
        try (ClusterCompression compression = way.open()) {
            ByteBuffer plain = compressible(way);
            ByteBuffer stream = way.buffer(CLUSTER + 1000).position(100);
            assertThat(compression.encode(plain, stream)).isTrue();
            int length = stream.position() - 100;
            assertThat(length).isBetween(1, CLUSTER - 1);
            // Any bytes may follow a stream in its last sector.
            ByteBuffer source = stream.position(100).limit(100 + length + 500);
            new Random(7).ints(500).forEach(i -> source.put(100 + length, (byte) i));

            ByteBuffer cluster = way.buffer(CLUSTER);
            assertThat(compression.decode(source, cluster)).isEqualTo(length);
            assertThat(cluster).isEqualTo(plain);
            assertThat(source.position()).isEqualTo(100);
            // And the context is as good the second time.
            assertThat(compression.decode(source, cluster.clear())).isEqualTo(length);
        }
    }

    @ParameterizedTest
    @MethodSource("ways")
    void refusesToEncodeWhatDoesNotShrink(Way way) throws Exception {
        try (ClusterCompression compression = way.open()) {
            byte[] noise = new byte[CLUSTER];
            new Random(1).nextBytes(noise);
            ByteBuffer plain = way.buffer(CLUSTER).put(noise).flip();
            assertThat(compression.encode(plain, way.buffer(2 * CLUSTER))).isFalse();
        }
    }

    @ParameterizedTest
    @MethodSource("ways")
    void refusesAStreamThatEndsEarly(Way way) throws Exception {
        try (ClusterCompression compression = way.open()) {
            ByteBuffer stream = way.buffer(CLUSTER);
            compression.encode(compressible(way), stream);
            ByteBuffer cut = stream.flip().limit(stream.limit() / 2);
            assertThatThrownBy(() -> compression.decode(cut, way.buffer(CLUSTER)))
                    .isInstanceOfSatisfying(
                            ImageException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.CORRUPT));
            // A failure leaves nothing behind in the context.
            ByteBuffer whole = stream.limit(stream.capacity());
            assertThat(compression.decode(whole, way.buffer(CLUSTER))).isPositive();
        }
    }

    @ParameterizedTest
    @MethodSource("ways")
    void refusesAStreamOfLessThanACluster(Way way) throws Exception {
        try (ClusterCompression half = new ClusterCompression(way.type(), way.choice(), CLUSTER / 2);
                ClusterCompression compression = way.open()) {
            ByteBuffer stream = way.buffer(CLUSTER);
            half.encode(compressible(way).limit(CLUSTER / 2), stream);
            stream.flip();
            assertThatThrownBy(() -> compression.decode(stream, way.buffer(CLUSTER)))
                    .isInstanceOf(ImageException.class);
        }
    }

    @ParameterizedTest
    @MethodSource("ways")
    void stopsAtOneClusterOfALongerStream(Way way) throws Exception {
        try (ClusterCompression twice = new ClusterCompression(way.type(), way.choice(), 2 * CLUSTER);
                ClusterCompression compression = way.open()) {
            ByteBuffer plain = way.buffer(2 * CLUSTER);
            plain.put(compressible(way)).put(compressible(way)).flip();
            ByteBuffer stream = way.buffer(2 * CLUSTER);
            twice.encode(plain, stream);
            stream.flip();
            ByteBuffer cluster = way.buffer(CLUSTER + 10).limit(CLUSTER);
            if (way.type() == CompressionType.ZSTD) {
                // QEMU reads such deflate streams, and refuses such frames.
                assertThatThrownBy(() -> compression.decode(stream, cluster)).isInstanceOf(ImageException.class);
            } else {
                assertThat(compression.decode(stream, cluster)).isEqualTo(ClusterCompression.ENDLESS);
                assertThat(cluster).isEqualTo(compressible(way));
            }
            assertThat(cluster.limit(CLUSTER + 10).getLong(CLUSTER)).isZero();
        }
    }

    private static ByteBuffer compressible(Way way) {
        ByteBuffer plain = way.buffer(CLUSTER);
        Random random = new Random(42);
        while (plain.hasRemaining()) {
            plain.put((byte) (random.nextGaussian() * 10));
        }
        return plain.flip();
    }
}
