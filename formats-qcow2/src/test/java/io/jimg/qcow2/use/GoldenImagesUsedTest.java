package io.jimg.qcow2.use;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.jimg.DiskImage;
import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.Images;
import io.jimg.OpenOptions;
import io.jimg.capability.CheckReport;
import io.jimg.capability.Checkable;
import io.jimg.capability.Snapshots;
import io.jimg.spi.OpenGate;
import io.jimg.testdata.GoldenImage;
import io.jimg.testdata.GoldenImages;
import io.jimg.testkit.ExpectedContent;
import io.jimg.testkit.QemuOracle;
import io.jimg.testkit.Step;
import io.jimg.testkit.Tool;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Images that the real tools made are written on by us, then by them, then read by us; the snapshots in them stay what
 * they were. The system property {@code jimg.golden.rounds} sets how often each is used.
 */
class GoldenImagesUsedTest {
    private static final int ROUNDS = Integer.getInteger("jimg.golden.rounds", 1);
    private static final int STEPS = 25;
    private static final int WRITES = 6;
    private static final long LARGEST = 8 << 20;

    /** Their backing and data files' names are relative to the working directory, which a test cannot change. */
    private static final Set<String> BOUND_TO_A_FOLDER = Set.of(
            "backing-json",
            "backing-json-dotted",
            "backing-json-raw-format",
            "backing-file-url",
            "data-file",
            "data-file-raw",
            "data-file-extl2",
            "data-file-backed");

    @TempDir
    Path folder;

    static Stream<GoldenImage> images() {
        return Stream.concat(GoldenImages.sound(), Stream.of(GoldenImages.named("dirty")))
                .filter(image -> image.secret().isEmpty()
                        && !BOUND_TO_A_FOLDER.contains(image.name())
                        && !image.name().equals("damage-corrupt-bit")
                        // Once two of its three references are written anew, the third lacks the COPIED flag: by the
                        // real
                        // tools' writes, too.
                        && !image.name().equals("cluster-shared")
                        && image.snapshotId().isEmpty()
                        && image.snapshotName().isEmpty()
                        && image.size().orElse(0) > 0
                        && image.size().orElse(0) <= LARGEST);
    }

    @ParameterizedTest
    @MethodSource("images")
    void areWrittenOnInTurn(GoldenImage golden) throws Exception {
        Optional<QemuOracle> oracle = QemuOracle.find();
        for (int round = 0; round < ROUNDS; round++) {
            Path file = golden.copyTo(folder);
            boolean bitmaps = golden.name().contains("bitmap");
            Random random = new Random(golden.name().hashCode() + 1000L * round);
            ExpectedContent expected = use(file, null, random);
            verify(file, expected, bitmaps);
            verifySnapshots(golden);
            if (oracle.isPresent()) {
                judge(oracle.get(), file, expected, bitmaps);
                writeOn(oracle.get(), file, expected, random);
                expected = use(file, expected, random);
                judge(oracle.get(), file, expected, bitmaps);
                verifySnapshots(golden);
            }
        }
    }

    @Test
    void whatIsMarkedCorruptIsNotWritten() throws IOException {
        Path file = GoldenImages.named("damage-corrupt-bit").copyTo(folder);
        byte[] before = Files.readAllBytes(file);
        assertThatThrownBy(() -> open(file, true))
                .isInstanceOfSatisfying(
                        ImageException.class,
                        refused -> assertThat(refused.kind()).isEqualTo(ErrorKind.CORRUPT));
        assertThat(Files.readAllBytes(file)).isEqualTo(before);
    }

    private static ExpectedContent use(Path file, @Nullable ExpectedContent known, Random random) throws IOException {
        DiskImage image = open(file, true);
        try {
            ExpectedContent expected = known == null ? new ExpectedContent(content(image)) : known;
            expected.verifyAll(image);
            for (int i = 0; i < STEPS; i++) {
                Step step = Step.random(random);
                if (step.kind() == Step.Kind.REOPEN) {
                    image.close();
                    image = open(file, true);
                } else {
                    expected.apply(step, image);
                }
            }
            expected.verifyAll(image);
            return expected;
        } finally {
            image.close();
        }
    }

    private static void verify(Path file, ExpectedContent expected, boolean bitmaps) throws IOException {
        try (DiskImage image = open(file, false)) {
            expected.verifyAll(image);
            CheckReport report =
                    image.capability(Checkable.class).orElseThrow().check().run();
            assertThat(report.corruptions() + report.checkErrors())
                    .as("%s", report)
                    .isZero();
            // Who does not keep bitmaps up to date leaves them behind.
            if (!bitmaps) {
                assertThat(report.leaks()).as("%s", report).isZero();
            }
        }
    }

    private void verifySnapshots(GoldenImage golden) throws Exception {
        List<GoldenImage> rows = GoldenImages.readable()
                .filter(row -> row.file().equals(golden.file())
                        && (row.snapshotId().isPresent() || row.snapshotName().isPresent()))
                .toList();
        for (GoldenImage row : rows) {
            try (DiskImage image = open(folder.resolve(golden.file()), false);
                    DiskImage snapshot = image.capability(Snapshots.class)
                            .orElseThrow()
                            .open(row.snapshotId()
                                    .orElseGet(() -> row.snapshotName().orElseThrow()))) {
                byte[] digest = MessageDigest.getInstance("SHA-256").digest(content(snapshot));
                assertThat(HexFormat.of().formatHex(digest))
                        .as("%s", row)
                        .isEqualTo(row.sha256().orElseThrow());
            }
        }
    }

    private void judge(QemuOracle oracle, Path file, ExpectedContent expected, boolean bitmaps) throws IOException {
        Path raw = Files.write(folder.resolve("expected.raw"), expected.bytes());
        Tool.Result check = oracle.imgIn(folder, "check", "-q", "-f", "qcow2", file.getFileName());
        assertThat(check.exitCode()).as("%s", check).isIn(0, bitmaps ? 3 : 0);
        oracle.imgIn(folder, "compare", "-q", "-f", "qcow2", "-F", "raw", file.getFileName(), raw.getFileName())
                .expectExit(0);
    }

    private void writeOn(QemuOracle oracle, Path file, ExpectedContent expected, Random random) {
        int size = expected.bytes().length;
        List<Object> words = new ArrayList<>(List.of("-f", "qcow2"));
        for (int i = 0; i < WRITES; i++) {
            int start = random.nextInt(size) / 512 * 512;
            int length = Math.min(size - start, (1 + random.nextInt(150)) * 512);
            int pattern = 1 + random.nextInt(255);
            boolean zeroes = random.nextInt(4) == 0;
            Arrays.fill(expected.bytes(), start, start + length, zeroes ? 0 : (byte) pattern);
            words.add("-c");
            words.add((zeroes ? "write -z " : "write -P " + pattern + " ") + start + " " + length);
        }
        words.add(file.getFileName());
        Tool.Result result = oracle.run(folder, "qemu-io", words.toArray()).expectExit(0);
        assertThat(result.stdout()).as("%s", result).doesNotContain("failed");
    }

    private static DiskImage open(Path file, boolean writable) throws IOException {
        return Images.standard()
                .open(
                        file,
                        OpenOptions.DEFAULT
                                .withFormat("qcow2")
                                .withWritable(writable)
                                .withGate(OpenGate.ALLOW));
    }

    private static byte[] content(DiskImage image) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(Math.toIntExact(image.size()));
        image.read(bytes, 0);
        return bytes.array();
    }
}
