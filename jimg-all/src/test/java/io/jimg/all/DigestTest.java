package io.jimg.all;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.jimg.DiskImage;
import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.Images;
import io.jimg.Job;
import io.jimg.OpenOptions;
import io.jimg.ops.Digest;
import io.jimg.spi.DigestAlgorithm;
import io.jimg.spi.DottedOptions;
import io.jimg.testkit.QemuOracle;
import io.jimg.testkit.Tool;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class DigestTest {
    private static final Images IMAGES = Images.standard();

    @TempDir
    Path folder;

    private static String digest(Path file, OpenOptions options, DigestAlgorithm algorithm) throws IOException {
        try (DiskImage image = IMAGES.open(file, options)) {
            return Digest.hex(Digest.of(image, algorithm).run());
        }
    }

    private static DigestAlgorithm algorithm(String name) {
        return Objects.requireNonNull(AllDigests.find(name));
    }

    /** A disk with noise, text, zeroes that are written, a hole, and an end in the middle of a block. */
    private Path raw() throws IOException {
        Path raw = folder.resolve("disk.raw");
        byte[] noise = new byte[1_300_000];
        new Random(11).nextBytes(noise);
        try (RandomAccessFile out = new RandomAccessFile(raw.toFile(), "rw")) {
            out.write(noise);
            out.write(new byte[300_000]);
            out.seek(9_000_000);
            out.write("jimg".repeat(50_000).getBytes(StandardCharsets.US_ASCII));
            out.setLength(20_000_256);
        }
        return raw;
    }

    /** The construction, word by word, without any of its advantages. */
    private static String naive(MessageDigest hash, byte[] content) {
        MessageDigest outer;
        try {
            outer = (MessageDigest) hash.clone();
        } catch (CloneNotSupportedException never) {
            throw new AssertionError(never);
        }
        for (int at = 0; at < content.length; at += 65536) {
            outer.update(hash.digest(Arrays.copyOfRange(content, at, Math.min(content.length, at + 65536))));
        }
        outer.update(ByteBuffer.allocate(8)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(content.length)
                .array());
        return Digest.hex(outer.digest());
    }

    /** Vectors of FIPS 180-4, RFC 7693 and the BLAKE3 specification for the empty input, which an empty disk is. */
    @ParameterizedTest
    @CsvSource({
        "sha256, e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "blake2b, 786a02f742015903c6c6fd852552d272912f4740e15847618a86e217f71f5419d25e1031afee585313896444934eb04b903a685b1448b755d56f701afe9be2ce",
        "blake3, af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262"
    })
    void emptyDisk(String name, String expected) throws IOException {
        Path empty = Files.createFile(folder.resolve("empty.raw"));
        assertThat(digest(empty, OpenOptions.DEFAULT.withFormat("raw"), algorithm(name)))
                .isEqualTo(expected);
    }

    /** The BLAKE3 project's own test vectors: bytes that count from 0 to 250 over and over. */
    @ParameterizedTest
    @CsvSource({
        "1024, 42214739f095a406f3fc83deb889744ac00df831c10daa55189b5d121c855af7",
        "2048, e776b6028c7cd22a4d0ba182a8bf62205d2ef576467e838ed6f2529b85fba24a",
        "31744, 62b6960e1a44bcc1eb1a611a8d6235b6b4b78f32e7abc4fb4c6cdcce94895c47",
        "102400, bc3e3d41a1146b069abffad3c0d44860cf664390afce4d9661f7902e7943e085"
    })
    void blake3OfManyChunks(int length, String expected) throws IOException {
        byte[] content = new byte[length];
        for (int i = 0; i < length; i++) {
            content[i] = (byte) (i % 251);
        }
        Path file = Files.write(folder.resolve("counting.raw"), content);
        assertThat(digest(file, OpenOptions.DEFAULT.withFormat("raw"), algorithm("blake3")))
                .isEqualTo(expected);
    }

    /** What the blkhash project's own reference program says of these contents. */
    @ParameterizedTest
    @CsvSource({
        "65536, A, 2e3a5f57d5e726ee5de62db1a85ff816f4fa6ea4627807d9a51bdc4c883e165e",
        "32768, A, 9467334d6d7668a2f06898185b5cddc78cdfbd962f50c6bf250101f03a0e54dc",
        "65536, zero, 8ab067ab7939a3d4f40cbb118956c07c06aeae2d075d6e0a2ebbb94bd42832af",
        "229376, A, edb1525a356163080cba5aac24282c3180d695aba5cd3075ecd60d1b2eda0a2a",
        "1000448, zero, 05f111ac8e62801b77949a76fda9dd0a5322869624b2487b837c11ec704345e9",
        "0, zero, af5570f5a1810b7af78caf4bc70a660f0df51e42baf91d4de5b2328de0e83dfc"
    })
    void blocks(int length, String fill, String expected) throws IOException {
        byte[] content = new byte[length];
        Arrays.fill(content, fill.equals("zero") ? 0 : (byte) 'A');
        Path file = Files.write(folder.resolve("blocks.raw"), content);
        assertThat(digest(file, OpenOptions.DEFAULT.withFormat("raw"), DigestAlgorithm.BLKHASH_SHA256))
                .isEqualTo(expected);
    }

    @Test
    void toolsAgreeOnTheRawImage() throws IOException {
        Path raw = raw();
        OpenOptions options = OpenOptions.DEFAULT.withFormat("raw");
        // The disk's last sector is filled up with zeroes.
        try (RandomAccessFile out = new RandomAccessFile(raw.toFile(), "rw")) {
            out.setLength((Files.size(raw) + 511) / 512 * 512);
        }
        for (String[] pair : new String[][] {{"sha256sum", "sha256"}, {"sha512sum", "sha512"}, {"b2sum", "blake2b"}}) {
            String theirs =
                    Tool.require(pair[0], "coreutils").run(raw).expectExit(0).stdout();
            assertThat(digest(raw, options, algorithm(pair[1]))).isEqualTo(theirs.substring(0, theirs.indexOf(' ')));
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"sha256", "sha512", "blake2b", "blake3", "blkhash-sha256", "blkhash-blake2b", "blkhash-blake3"})
    void everyFormatHasTheSameDigest(String name) throws IOException {
        QemuOracle qemu = QemuOracle.assumePresent();
        Path raw = raw();
        DigestAlgorithm algorithm = algorithm(name);
        String expected = digest(raw, OpenOptions.DEFAULT.withFormat("raw"), algorithm);
        String[][] forms = {
            {"qcow2", "cluster_size=4k", ""},
            {"qcow2", "compression_type=zstd", "-c"},
            {"vmdk", "subformat=streamOptimized", ""},
            {"luks", "key-secret=s,iter-time=10", ""}
        };
        for (String[] form : forms) {
            Path image = folder.resolve("image." + form[0]);
            qemu.img(
                            "convert",
                            "--object",
                            "secret,id=s,data=x",
                            "-f",
                            "raw",
                            "-O",
                            form[0],
                            "-o",
                            form[1],
                            form[2].isEmpty() ? "-q" : form[2],
                            raw,
                            image)
                    .expectExit(0);
            OpenOptions options =
                    OpenOptions.DEFAULT.withFormat(form[0]).withSecrets(id -> "x".getBytes(StandardCharsets.UTF_8));
            if (form[0].equals("luks")) {
                options = options.withDriverOptions(DottedOptions.EMPTY.with("key-secret", "s"));
            }
            assertThat(digest(image, options, algorithm))
                    .as(String.join(" ", form))
                    .isEqualTo(expected);
        }
    }

    @Test
    void blocksAreThoseOfTheConstruction() throws Exception {
        Path raw = raw();
        byte[] content = Arrays.copyOf(Files.readAllBytes(raw), (int) ((Files.size(raw) + 511) / 512 * 512));
        OpenOptions options = OpenOptions.DEFAULT.withFormat("raw");
        assertThat(digest(raw, options, DigestAlgorithm.BLKHASH_SHA256))
                .isEqualTo(naive(MessageDigest.getInstance("SHA-256"), content));
        assertThat(digest(raw, options, algorithm("blkhash-blake3")))
                .isEqualTo(naive(algorithm("blake3").hash().get(), content));
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 7})
    void threadsChangeNothing(int threads) throws IOException {
        try (DiskImage image = IMAGES.open(raw(), OpenOptions.DEFAULT.withFormat("raw"))) {
            assertThat(Digest.of(image, DigestAlgorithm.SHA256, threads).run())
                    .isEqualTo(Digest.of(image, DigestAlgorithm.SHA256).run());
        }
    }

    /** Sixteen tebibytes of nothing: read from nowhere, and hashed as what is known of blocks of zeroes. */
    @Test
    void progressComesToItsEndAndCancelStops() throws IOException {
        Path raw = raw();
        try (DiskImage image = IMAGES.open(raw, OpenOptions.DEFAULT.withFormat("raw"))) {
            AtomicLong last = new AtomicLong();
            Job<byte[]> job = Digest.of(image, DigestAlgorithm.SHA256);
            job.onProgress((done, total) -> {
                assertThat(done).isGreaterThanOrEqualTo(last.getAndSet(done));
                assertThat(total).isEqualTo(image.size());
            });
            job.run();
            assertThat(last).hasValue(image.size());
        }
        Path huge = folder.resolve("huge.raw");
        try (RandomAccessFile out = new RandomAccessFile(huge.toFile(), "rw")) {
            out.setLength(1L << 40);
        }
        try (DiskImage image = IMAGES.open(huge, OpenOptions.DEFAULT.withFormat("raw"))) {
            Job<byte[]> job = Digest.of(image, DigestAlgorithm.SHA256);
            job.cancel();
            assertThatThrownBy(job::run)
                    .isInstanceOfSatisfying(
                            ImageException.class,
                            failure -> assertThat(failure.kind()).isEqualTo(ErrorKind.CANCELLED));
        }
    }
}
