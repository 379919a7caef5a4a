package io.jimg.vmdk.use;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.jimg.DiskImage;
import io.jimg.ErrorKind;
import io.jimg.Extent;
import io.jimg.ImageException;
import io.jimg.Images;
import io.jimg.OpenOptions;
import io.jimg.capability.CompressedRuns;
import io.jimg.capability.Resizable;
import io.jimg.testkit.QemuOracle;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Images that qemu-img made, and some that are put together by hand, read as they should. */
class ReadTest {
    private static final int SIZE = 9_000_000 / 512 * 512;

    @TempDir
    Path folder;

    private Path converted(String options, byte[] content) throws IOException {
        QemuOracle oracle = QemuOracle.assumePresent();
        Path raw = Disks.file(folder.resolve("content.raw"), content);
        Path disk = folder.resolve("disk.vmdk");
        oracle.img("convert", "-f", "raw", "-O", "vmdk", "-o", options, raw, disk)
                .expectExit(0);
        return disk;
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "subformat=monolithicSparse",
                "subformat=monolithicSparse,zeroed_grain=on",
                "subformat=monolithicFlat",
                "subformat=twoGbMaxExtentSparse",
                "subformat=twoGbMaxExtentFlat",
                "subformat=streamOptimized"
            })
    void readsWhatQemuWrote(String options) throws IOException {
        byte[] content = Disks.content(SIZE, 1);
        Path disk = converted(options, content);
        Disks.same(Disks.read(disk), content);
        try (DiskImage image = Images.standard().open(disk, OpenOptions.DEFAULT.withGate(request -> {}))) {
            assertThat(image.format()).as("found by content").isEqualTo("vmdk");
            ByteBuffer some = ByteBuffer.allocate(70_001);
            image.read(some, 65_000);
            assertThat(some.array()).isEqualTo(Arrays.copyOfRange(content, 65_000, 135_001));
        }
    }

    @Test
    void readsExtentsOfManyKindsSideBySide() throws IOException {
        byte[] content = Disks.content(1 << 20, 2);
        Path sparse = converted("subformat=twoGbMaxExtentSparse", content);
        assertThat(sparse).exists();
        Files.write(folder.resolve("flat.bin"), Arrays.copyOfRange(content, 0, 5000));
        Path mixed = folder.resolve("mixed.vmdk");
        Files.writeString(mixed, """
                # Disk DescriptorFile
                version=3
                encoding="windows-1252"
                CID=12
                parentCID=ffffffff
                createType="custom"
                RW 4 FLAT "flat.bin" 2
                RW 2048 SPARSE "disk-s001.vmdk"
                RDONLY 3 ZERO
                RW 20 VMFS "flat.bin"
                """);
        byte[] expected = new byte[(4 + 2048 + 3 + 20) * 512];
        System.arraycopy(content, 1024, expected, 0, 2048);
        System.arraycopy(content, 0, expected, 2048, 1 << 20);
        System.arraycopy(content, 0, expected, 2048 + (1 << 20) + 1536, 5000);
        Disks.same(Disks.read(mixed), expected);
    }

    /** Whatever else their lines say, and wherever they stand. */
    @Test
    void extentsOfNoSectorAreNone() throws IOException {
        byte[] content = Disks.content(1 << 20, 7);
        Files.write(folder.resolve("flat.bin"), content);
        Path disk = folder.resolve("disk.vmdk");
        Files.writeString(disk, """
                # Disk DescriptorFile
                version=1
                CID=12
                parentCID=ffffffff
                createType="monolithicFlat"
                RW 0 FLAT "nowhere.bin" 0
                RW 1000 FLAT "flat.bin" 0
                RW 0 ZERO
                RW 1048 FLAT "flat.bin" 1000
                RW 00 SPARSE "flat.bin"
                """);
        Disks.same(Disks.read(disk), content);
        Path raw = Disks.file(folder.resolve("expected.raw"), content);
        QemuOracle.assumePresent().compareEqual("vmdk", disk, "raw", raw);
        try (DiskImage image = Disks.open(disk, true)) {
            image.capability(Resizable.class)
                    .orElseThrow()
                    .resize(2 << 20, Resizable.Preallocation.OFF, false)
                    .run();
        }
        assertThat(Files.readString(disk)).contains("RW 0 ZERO\nRW 3096 FLAT \"flat.bin\" 1000\nRW 00 SPARSE");
    }

    @ParameterizedTest
    @ValueSource(strings = {"monolithicSparse", "streamOptimized"})
    void anEmbeddedDescriptorWithoutExtentsIsRefusedAsByQemu(String subformat) throws IOException {
        Path disk = folder.resolve("disk.vmdk");
        Disks.create(disk, 0, "subformat=" + subformat).plan().job().run();
        String sentence = "Unsupported image type '" + subformat + "'";
        assertThatThrownBy(() -> Disks.read(disk)).hasMessage(sentence);
        assertThat(QemuOracle.assumePresent().img("info", disk).expectExit(1).stderr())
                .contains(sentence);
    }

    @Test
    void parentsShowThroughUnlessTheyChanged() throws IOException {
        byte[] content = Disks.content(SIZE, 3);
        QemuOracle oracle = QemuOracle.assumePresent();
        Path base = converted("subformat=monolithicSparse", content);
        Path middle = folder.resolve("middle.vmdk");
        Path top = folder.resolve("top.vmdk");
        oracle.imgIn(folder, "create", "-q", "-f", "vmdk", "-b", base.getFileName(), "-F", "vmdk", "middle.vmdk")
                .expectExit(0);
        oracle.ioCommands("vmdk", middle, "write -P 7 100k 10k");
        oracle.imgIn(folder, "create", "-q", "-f", "vmdk", "-b", "middle.vmdk", "-F", "vmdk", "top.vmdk")
                .expectExit(0);
        oracle.ioCommands("vmdk", top, "write -P 9 4M 100");
        Arrays.fill(content, 100 << 10, 110 << 10, (byte) 7);
        Arrays.fill(content, 4 << 20, (4 << 20) + 100, (byte) 9);
        Disks.same(Disks.read(top), content);
        try (DiskImage image = Disks.open(top, false)) {
            assertThat(image.extentAt(4 << 20, 512).depth()).isZero();
            assertThat(image.extentAt(100 << 10, 512).depth()).isEqualTo(1);
        }
        oracle.ioCommands("vmdk", base, "write -P 1 8M 1k");
        assertThatThrownBy(() -> Disks.read(top))
                .isInstanceOf(ImageException.class)
                .hasMessageContaining("Invalid argument");
    }

    @Test
    void compressedGrainsAreGivenAsTheyAreStored() throws IOException {
        byte[] content = Disks.content(SIZE, 4);
        Path disk = converted("subformat=streamOptimized", content);
        try (DiskImage image = Disks.open(disk, false)) {
            CompressedRuns runs = image.capability(CompressedRuns.class).orElseThrow();
            int carried = 0;
            for (long at = 0; at < image.size(); at += runs.runLength()) {
                Extent extent = image.extentAt(at, 1);
                ByteBuffer plain = ByteBuffer.allocate(runs.runLength());
                ByteBuffer raw = ByteBuffer.allocate(runs.runLength());
                boolean read = runs.readRun(at, plain, raw);
                if (read) {
                    carried++;
                    assertThat(extent.compressed()).isTrue();
                    int length = (int) Math.min(runs.runLength(), content.length - at);
                    assertThat(Arrays.copyOf(plain.array(), length))
                            .isEqualTo(Arrays.copyOfRange(content, (int) at, (int) at + length));
                    ByteBuffer again = ByteBuffer.allocate(runs.runLength());
                    io.jimg.host.deflate.DeflateLibrary.java().newInflater().inflate(raw.flip(), again);
                    assertThat(raw.hasRemaining()).isFalse();
                    assertThat(again.array()).isEqualTo(plain.array());
                }
            }
            assertThat(carried).isGreaterThan(10);
        }
    }

    @Test
    void filesAreOpenedThroughTheGateAlone() throws IOException {
        Path secret = Files.write(folder.resolve("secret"), new byte[4096]);
        Path inside = Files.createDirectory(folder.resolve("inside"));
        Path disk = inside.resolve("d.vmdk");
        for (String name : new String[] {secret.toString(), "../secret"}) {
            Files.writeString(
                    disk,
                    "# Disk DescriptorFile\nversion=1\nCID=1\nparentCID=ffffffff\ncreateType=\"vmfs\"\nRW 8 VMFS \""
                            + name + "\"\n");
            assertThatThrownBy(() -> Disks.read(disk))
                    .isInstanceOfSatisfying(
                            ImageException.class,
                            denied -> assertThat(denied.kind()).isEqualTo(ErrorKind.DENIED));
        }
    }

    @Test
    void devicesAndTheDescriptorItselfAreNoExtents() throws IOException {
        Path disk = folder.resolve("d.vmdk");
        for (String name : new String[] {"/dev/zero", "d.vmdk", ".", "/dev/tty"}) {
            Files.writeString(
                    disk,
                    "# Disk DescriptorFile\nversion=1\nCID=1\nparentCID=ffffffff\ncreateType=\"vmfs\"\nRW 8 VMFS \""
                            + name + "\"\n",
                    StandardCharsets.UTF_8);
            assertThatThrownBy(() -> Images.standard()
                            .open(disk, OpenOptions.DEFAULT.withGate(request -> {}))
                            .close())
                    .as(name)
                    .isInstanceOf(ImageException.class);
        }
    }
}
