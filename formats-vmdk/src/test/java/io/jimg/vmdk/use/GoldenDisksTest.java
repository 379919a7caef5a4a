package io.jimg.vmdk.use;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.jimg.DiskImage;
import io.jimg.ImageException;
import io.jimg.Images;
import io.jimg.OpenOptions;
import io.jimg.capability.CheckReport;
import io.jimg.capability.Repairable;
import io.jimg.ops.Check;
import io.jimg.spi.OpenGate;
import io.jimg.testkit.QemuOracle;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The golden disks: qemu-img's own, and the shapes of VMware's products and VirtualBox. */
class GoldenDisksTest {
    @TempDir
    Path folder;

    static List<GoldenDisk> all() {
        return GoldenDisk.all();
    }

    private static String digest(byte[] content) throws Exception {
        return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(content));
    }

    private OpenOptions toCheck() {
        return OpenOptions.DEFAULT
                .withFormat("vmdk")
                .withGate(OpenGate.within(folder.toAbsolutePath()))
                .withToCheck(true);
    }

    @Test
    void thereAreAllShapes() {
        assertThat(all()).hasSizeGreaterThan(35).extracting(GoldenDisk::name).doesNotHaveDuplicates();
    }

    @ParameterizedTest
    @MethodSource("all")
    void isReadAsItWasMade(GoldenDisk golden) throws Exception {
        Path disk = golden.copyTo(folder);
        try (DiskImage image =
                Images.standard().open(disk, OpenOptions.DEFAULT.withGate(OpenGate.within(folder.toAbsolutePath())))) {
            assertThat(image.format()).as("found by content").isEqualTo("vmdk");
            assertThat(image.size()).isEqualTo(golden.size());
            assertThat(digest(Disks.read(image))).isEqualTo(golden.sha256());
            assertThat(image.dirty()).isEqualTo(golden.name().equals("hosted-unclean"));
        }
    }

    /** The manifest is right about the real qemu-img. */
    @ParameterizedTest
    @MethodSource("all")
    void qemuReadsWhatTheManifestSays(GoldenDisk golden) throws Exception {
        QemuOracle oracle = QemuOracle.assumeVersion(10);
        Path disk = golden.copyTo(folder);
        Path raw = folder.resolve("qemu.raw");
        var run = oracle.imgIn(folder, "convert", "-f", "vmdk", "-O", "raw", disk.getFileName(), raw.getFileName());
        if (golden.qemu().equals("refused")) {
            assertThat(run.exitCode()).isNotZero();
        } else {
            run.expectExit(0);
            boolean same = digest(Files.readAllBytes(raw)).equals(golden.sha256());
            assertThat(same).isEqualTo(golden.qemu().equals("same"));
        }
    }

    @ParameterizedTest
    @MethodSource("all")
    void isWrittenOrRefused(GoldenDisk golden) throws Exception {
        Path disk = golden.copyTo(folder);
        byte[] expected = Disks.read(disk);
        byte[] bytes = Files.readAllBytes(disk);
        if (!golden.writable().equals("yes")) {
            assertThatThrownBy(() -> {
                        try (DiskImage image = Disks.open(disk, true)) {
                            image.write(ByteBuffer.wrap(new byte[] {1}), 0);
                        }
                    })
                    .isInstanceOfSatisfying(
                            ImageException.class,
                            refused -> assertThat(refused.kind()).hasToString(golden.writable()));
            assertThat(Files.readAllBytes(disk))
                    .as("the file after the refusal")
                    .isEqualTo(bytes);
            return;
        }
        byte[] some = new byte[70_000];
        Arrays.fill(some, (byte) 0x77);
        try (DiskImage image = Disks.open(disk, true)) {
            image.write(ByteBuffer.wrap(some), 70_001);
        }
        System.arraycopy(some, 0, expected, 70_001, some.length);
        Disks.same(Disks.read(disk), expected);
        if (golden.qemu().equals("same")) {
            Path raw = Disks.file(folder.resolve("expected.raw"), expected);
            QemuOracle.assumePresent().compareEqual("vmdk", disk, "raw", raw);
        }
    }

    @ParameterizedTest
    @MethodSource("all")
    void isCheckedAndRepaired(GoldenDisk golden) throws Exception {
        Path disk = golden.copyTo(folder);
        try (DiskImage image = Images.standard().open(disk, toCheck())) {
            CheckReport report = Check.of(image).run();
            assertThat(report.corruptions()).as("%s", report).isEqualTo(golden.corruptions());
        }
        if (golden.corruptions() == 0) {
            return;
        }
        try (DiskImage image = Images.standard().open(disk, toCheck().withWritable(true))) {
            Check.repair(image, Repairable.Mode.ALL).run();
        }
        try (DiskImage image = Images.standard().open(disk, toCheck())) {
            assertThat(Check.of(image).run().clean()).isTrue();
        }
        byte[] content = Disks.read(disk);
        assertThat(digest(content)).isEqualTo(golden.sha256());
        Path raw = Disks.file(folder.resolve("expected.raw"), content);
        QemuOracle.assumePresent().compareEqual("vmdk", disk, "raw", raw);
    }
}
