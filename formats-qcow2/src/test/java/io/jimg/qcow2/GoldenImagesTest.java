package io.jimg.qcow2;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import io.jimg.DiskImage;
import io.jimg.ImageException;
import io.jimg.Images;
import io.jimg.OpenOptions;
import io.jimg.capability.CheckReport;
import io.jimg.capability.Checkable;
import io.jimg.capability.Snapshots;
import io.jimg.spi.DottedOptions;
import io.jimg.spi.OpenGate;
import io.jimg.testdata.GoldenImage;
import io.jimg.testdata.GoldenImages;
import io.jimg.testdata.Transcript;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every golden image reads as qemu-img reads it, or is refused, and the check says what the real one said. */
class GoldenImagesTest {
    private static final int PIECE = 1 << 20;
    private static final int NEVER_ENDS = 124;
    private static final int NOT_THIS_FORMAT = 63;

    /** Their backing names are relative to the working directory, which a test cannot change. */
    private static final Set<String> BOUND_TO_A_FOLDER =
            Set.of("backing-json", "backing-json-dotted", "backing-json-raw-format", "backing-file-url");

    /** Refused by qemu-img for what a reader of the guest's bytes need not look at. */
    private static final Set<String> READ_ALL_THE_SAME = Set.of("compressed-zstd-long");

    /** A refcount table of no clusters, which we refuse. */
    private static final Set<String> CHECKED_OTHERWISE = Set.of("header-refcount-table-clusters-0");

    /** Their data files are named relative to the working directory, too, but here the name can be replaced. */
    private static final Set<String> WITH_DATA_FILE =
            Set.of("data-file", "data-file-raw", "data-file-extl2", "data-file-backed", "damage-data-file-offset");

    @TempDir
    Path folder;

    static Stream<GoldenImage> readable() {
        return GoldenImages.readable().filter(image -> !BOUND_TO_A_FOLDER.contains(image.name()));
    }

    static Stream<GoldenImage> refused() {
        return GoldenImages.refused().filter(image -> !READ_ALL_THE_SAME.contains(image.name()));
    }

    static Stream<GoldenImage> unreadable() {
        return GoldenImages.all().stream()
                .filter(image -> image.infoExit() == 0
                        && image.readExit() == 1
                        && !READ_ALL_THE_SAME.contains(image.name())
                        && image.secret().isEmpty());
    }

    static Stream<GoldenImage> checked() {
        return GoldenImages.all().stream()
                .filter(image -> image.secret().isEmpty()
                        && image.snapshotId().isEmpty()
                        && image.snapshotName().isEmpty()
                        && image.checkExit() != NEVER_ENDS
                        && image.checkExit() != NOT_THIS_FORMAT
                        && !BOUND_TO_A_FOLDER.contains(image.name())
                        && !CHECKED_OTHERWISE.contains(image.name())
                        && image.transcript("qemu-img check --output=json").isPresent());
    }

    @ParameterizedTest
    @MethodSource("readable")
    void readsAsQemuImgReads(GoldenImage golden) throws Exception {
        Path before = golden.copyTo(folder);
        byte[] fileBefore = Files.size(before) <= 64 << 20 ? Files.readAllBytes(before) : new byte[0];
        try (DiskImage image = open(golden)) {
            if (golden.snapshotId().isPresent() || golden.snapshotName().isPresent()) {
                Snapshots snapshots = image.capability(Snapshots.class).orElseThrow();
                String wanted = golden.snapshotId()
                        .orElseGet(() -> golden.snapshotName().orElseThrow());
                try (DiskImage snapshot = snapshots.open(wanted)) {
                    verify(golden, snapshot);
                }
            } else {
                verify(golden, image);
            }
        }
        if (fileBefore.length > 0) {
            assertThat(Files.readAllBytes(before))
                    .as("a reader changes nothing")
                    .isEqualTo(fileBefore);
        }
    }

    @ParameterizedTest
    @MethodSource("refused")
    void isRefusedWithASentence(GoldenImage golden) throws IOException {
        golden.copyTo(folder);
        try (DiskImage image = open(golden)) {
            fail("%s was opened: %s", golden, image);
        } catch (ImageException refused) {
            assertThat(refused.getMessage()).isNotBlank();
        }
    }

    @ParameterizedTest
    @MethodSource("unreadable")
    void failsToReadToTheEnd(GoldenImage golden) throws IOException {
        golden.copyTo(folder);
        try (DiskImage image = open(golden)) {
            digest(image);
            fail("%s was read to the end", golden);
        } catch (ImageException refused) {
            assertThat(refused.getMessage()).isNotBlank();
        }
    }

    @ParameterizedTest
    @MethodSource("checked")
    void isCheckedAsQemuImgChecks(GoldenImage golden) throws IOException {
        golden.copyTo(folder);
        Transcript theirs = golden.transcript("qemu-img check --output=json").orElseThrow();
        CheckReport report;
        try (DiskImage image = open(golden)) {
            report = image.capability(Checkable.class).orElseThrow().check().run();
        } catch (ImageException refused) {
            assertThat(theirs.exitCode())
                    .as("%s: %s", refused.getMessage(), theirs)
                    .isEqualTo(1);
            return;
        }
        String json = String.join("\n", theirs.stdout());
        assertThat(report.checkErrors() > 0 ? 1 : report.corruptions() > 0 ? 2 : report.leaks() > 0 ? 3 : 0)
                .as("exit code; theirs: %s%nours: %s", theirs, report)
                .isEqualTo(theirs.exitCode());
        if (theirs.exitCode() == 1) {
            return;
        }
        assertThat(report.corruptions()).isEqualTo(number(json, "corruptions"));
        assertThat(report.leaks()).isEqualTo(number(json, "leaks"));
        assertThat(report.totalClusters()).isEqualTo(number(json, "total-clusters"));
        assertThat(report.allocatedClusters()).isEqualTo(number(json, "allocated-clusters"));
        assertThat(report.fragmentedClusters()).isEqualTo(number(json, "fragmented-clusters"));
        assertThat(report.compressedClusters()).isEqualTo(number(json, "compressed-clusters"));
        assertThat(report.imageEndOffset()).isEqualTo(number(json, "image-end-offset"));
        List<String> sentences = new ArrayList<>();
        report.findings()
                .forEach(finding -> sentences.addAll(finding.sentence().lines().toList()));
        List<String> told = theirs.stderr().stream()
                .filter(line -> line.startsWith("ERROR") || line.startsWith("Leaked"))
                .toList();
        assertThat(sentences).containsAll(told);
    }

    private void verify(GoldenImage golden, DiskImage image) throws Exception {
        assertThat(image.size()).isEqualTo(golden.size().orElseThrow());
        assertThat(digest(image)).isEqualTo(golden.sha256().orElseThrow());
    }

    private DiskImage open(GoldenImage golden) throws IOException {
        OpenOptions how = OpenOptions.DEFAULT.withFormat("qcow2").withGate(OpenGate.ALLOW);
        if (WITH_DATA_FILE.contains(golden.name())) {
            String data = folder.resolve(golden.companions().get(0)).toString();
            how = how.withDriverOptions(DottedOptions.EMPTY.with("data-file.filename", data));
        }
        Optional<String> secret = golden.secret();
        if (secret.isPresent()) {
            how = how.withSecrets(id -> secret.get().getBytes(StandardCharsets.US_ASCII))
                    .withDriverOptions(DottedOptions.EMPTY.with("encrypt.key-secret", "s"));
        }
        return Images.standard().open(folder.resolve(golden.file()), how);
    }

    private static long number(String json, String key) {
        Matcher matcher = Pattern.compile('"' + key + "\": (\\d+)").matcher(json);
        return matcher.find() ? Long.parseLong(matcher.group(1)) : 0;
    }

    private static String digest(DiskImage image) throws IOException {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            ByteBuffer piece = ByteBuffer.allocate(PIECE);
            for (long at = 0; at < image.size(); at += PIECE) {
                piece.clear().limit((int) Math.min(PIECE, image.size() - at));
                image.read(piece, at);
                digest.update(piece.flip());
            }
            return HexFormat.of().formatHex(digest.digest());
        } catch (NoSuchAlgorithmException impossible) {
            throw new AssertionError(impossible);
        }
    }
}
