package io.jimg.testdata;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.jimg.testkit.QemuOracle;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class GoldenImagesTest {
    @TempDir
    private Path folder;

    static List<GoldenImage> all() {
        return GoldenImages.all();
    }

    static Stream<GoldenImage> readable() {
        return GoldenImages.readable();
    }

    @Test
    void namesAreUniqueAndEveryRowHasItsFilesAndTranscripts() throws IOException {
        Set<String> names = new HashSet<>();
        for (GoldenImage image : all()) {
            assertThat(names.add(image.name())).as(image.name()).isTrue();
            assertThat(image.description()).as(image.name()).isNotBlank();
            assertThat(image.copyTo(folder)).isRegularFile();
            for (String companion : image.companions()) {
                assertThat(folder.resolve(companion)).isRegularFile();
            }
            Transcript info = image.transcript("qemu-img info").orElseThrow();
            assertThat(info.exitCode()).as(image.name()).isEqualTo(image.infoExit());
            Transcript check = image.transcript("qemu-img check").orElseThrow();
            assertThat(check.exitCode()).as(image.name()).isEqualTo(image.checkExit());
        }
        assertThat(names).hasSizeGreaterThan(200);
    }

    @Test
    @Tag("quick")
    void knowsRowsByNameAndUnpacksTheirFiles() throws IOException {
        GoldenImage snapshot = GoldenImages.named("snapshots@2");
        assertThat(snapshot.file()).isEqualTo("snapshots.qcow2");
        assertThat(snapshot.snapshotName()).hasValue("second one");
        GoldenImage chain = GoldenImages.named("backing-depth");
        assertThat(chain.copyTo(folder)).isRegularFile();
        assertThat(chain.companions())
                .hasSize(3)
                .allSatisfy(file -> assertThat(folder.resolve(file)).isRegularFile());
        assertThatThrownBy(() -> GoldenImages.named("no such")).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void refusedImagesHaveASentence() {
        assertThat(GoldenImages.refused()).isNotEmpty().allSatisfy(image -> {
            assertThat(image.transcript("qemu-img info").orElseThrow().stderr()).isNotEmpty();
            assertThat(image.readExit()).isNotZero();
        });
    }

    @ParameterizedTest
    @MethodSource("readable")
    void qemuReadsTheContentOfTheManifest(GoldenImage image) throws Exception {
        QemuOracle oracle = QemuOracle.assumeVersion(10);
        image.copyTo(folder);
        Path raw = folder.resolve("guest.raw");
        oracle.imgIn(folder, convert(image, raw)).expectExit(0);
        assertThat(Files.size(raw)).isEqualTo(image.size().orElseThrow());
        assertThat(digest(raw)).isEqualTo(image.sha256().orElseThrow());
    }

    private static Object[] convert(GoldenImage image, Path raw) {
        if (image.secret().isPresent()) {
            return new Object[] {
                "convert",
                "--object",
                "secret,id=s,data=" + image.secret().get(),
                "--image-opts",
                "driver=qcow2,file.filename=" + image.file() + ",encrypt.key-secret=s",
                "-O",
                "raw",
                raw
            };
        }
        String snapshot = image.snapshotId()
                .map(id -> "snapshot.id=" + id)
                .or(() -> image.snapshotName().map(name -> "snapshot.name=" + name))
                .orElse("");
        return snapshot.isEmpty()
                ? new Object[] {"convert", "-f", "qcow2", "-O", "raw", image.file(), raw}
                : new Object[] {"convert", "-f", "qcow2", "-l", snapshot, "-O", "raw", image.file(), raw};
    }

    private static String digest(Path file) throws Exception {
        MessageDigest digest = MessageDigest.getInstance("SHA-256");
        try (InputStream in = new DigestInputStream(Files.newInputStream(file), digest)) {
            in.transferTo(java.io.OutputStream.nullOutputStream());
        }
        return HexFormat.of().formatHex(digest.digest());
    }
}
