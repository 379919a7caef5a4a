package io.jimg.vmdk.use;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.jimg.DiskImage;
import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.Images;
import io.jimg.OpenOptions;
import io.jimg.capability.CheckReport;
import io.jimg.capability.Emptiable;
import io.jimg.capability.Rebasable;
import io.jimg.capability.Repairable;
import io.jimg.capability.Resizable.Preallocation;
import io.jimg.ops.Check;
import io.jimg.ops.Convert;
import io.jimg.ops.Create;
import io.jimg.ops.Resize;
import io.jimg.spi.DottedOptions;
import io.jimg.testkit.QemuOracle;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Checks, repairs, and changes of size and of parents. */
class ChangeTest {
    private static final int SIZE = 5_000_000 / 512 * 512;

    @TempDir
    Path folder;

    private Path disk(byte[] content, String subformat) throws IOException {
        Path raw = Disks.file(folder.resolve("content.raw"), content);
        Path disk = folder.resolve("disk.vmdk");
        try (DiskImage image = Images.standard().open(raw, OpenOptions.DEFAULT.withFormat("raw"))) {
            new Convert(image)
                    .toNew(new Create(Images.standard(), disk.toString())
                            .format("vmdk")
                            .options(DottedOptions.EMPTY.with("subformat", subformat)))
                    .run();
        }
        return disk;
    }

    private static DiskImage openToRepair(Path disk) throws IOException {
        return Images.standard()
                .open(
                        disk,
                        OpenOptions.DEFAULT
                                .withFormat("vmdk")
                                .withGate(request -> {})
                                .withWritable(true)
                                .withToCheck(true));
    }

    private static CheckReport check(Path disk) throws IOException {
        try (DiskImage image = Images.standard()
                .open(
                        disk,
                        OpenOptions.DEFAULT
                                .withFormat("vmdk")
                                .withGate(request -> {})
                                .withToCheck(true))) {
            return Check.of(image).run();
        }
    }

    private static CheckReport repair(Path disk) throws IOException {
        try (DiskImage image = openToRepair(disk)) {
            return Check.repair(image, Repairable.Mode.ALL).run().report();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"monolithicSparse", "monolithicFlat", "twoGbMaxExtentSparse", "streamOptimized"})
    void soundDisksHaveNoFindings(String subformat) throws IOException {
        assertThat(check(disk(Disks.content(SIZE, 1), subformat)).clean()).isTrue();
    }

    /** Directory, table and entries are lost one after the other; the copy brings each back. */
    @ParameterizedTest
    @ValueSource(strings = {"directory", "table", "entries", "copy", "whole directory"})
    void whatIsLostComesBackFromItsCopy(String lost) throws IOException {
        byte[] content = Disks.content(SIZE, 2);
        Path disk = disk(content, "monolithicSparse");
        byte[] bytes = Files.readAllBytes(disk);
        ByteBuffer view = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        int directory = (int) view.getLong(56) * 512;
        int copy = (int) view.getLong(48) * 512;
        switch (lost) {
            case "directory" -> view.putInt(directory, 0);
            case "table" -> view.putInt(directory, -1);
            case "entries" ->
                Arrays.fill(bytes, view.getInt(directory) * 512, view.getInt(directory) * 512 + 100, (byte) 0x7F);
            case "copy" -> view.putInt(copy, -5);
            default -> view.putLong(56, 1L << 40);
        }
        Files.write(disk, bytes);
        assertThat(check(disk).corruptions()).isPositive();
        CheckReport report = repair(disk);
        assertThat(report.corruptionsFixed()).as("%s", report).isPositive();
        assertThat(report.corruptions()).as("%s", report).isZero();
        assertThat(check(disk).clean()).isTrue();
        Disks.same(Disks.read(disk), content);
        QemuOracle.assumePresent().compareEqual("vmdk", disk, "raw", folder.resolve("content.raw"));
        try (DiskImage image = Disks.open(disk, true)) {
            image.write(ByteBuffer.wrap(new byte[] {1}), 0);
        }
    }

    @Test
    void aStreamWithoutFooterIsRebuiltFromItsMarkers() throws IOException {
        byte[] content = Disks.content(SIZE, 3);
        Path disk = disk(content, "streamOptimized");
        byte[] whole = Files.readAllBytes(disk);
        Files.write(disk, Arrays.copyOf(whole, whole.length - 1024));
        assertThat(check(disk).corruptions()).isEqualTo(1);
        assertThat(repair(disk).corruptionsFixed()).isEqualTo(1);
        Disks.same(Disks.read(disk), content);
        QemuOracle.assumePresent().compareEqual("vmdk", disk, "raw", folder.resolve("content.raw"));
        // Half of the stream: what is there is read, and the rest is zero.
        Files.write(disk, Arrays.copyOf(whole, whole.length / 2));
        repair(disk);
        byte[] left = Disks.read(disk);
        int first = Arrays.mismatch(left, content);
        assertThat(first).isGreaterThan(SIZE / 8);
        assertThat(Arrays.copyOfRange(left, first, left.length)).containsOnly(0);
    }

    @ParameterizedTest
    @ValueSource(strings = {"monolithicSparse", "monolithicFlat", "twoGbMaxExtentSparse", "twoGbMaxExtentFlat"})
    void disksGrow(String subformat) throws IOException {
        byte[] content = Disks.content(SIZE, 4);
        Path disk = disk(content, subformat);
        long size = 100L << 20;
        try (DiskImage image = Disks.open(disk, true)) {
            Resize.of(image, size).job().run();
            assertThat(image.size()).isEqualTo(size);
            image.write(ByteBuffer.wrap(new byte[] {5}), size - 1);
        }
        byte[] expected = Arrays.copyOf(content, (int) size);
        expected[expected.length - 1] = 5;
        Disks.same(Disks.read(disk), expected);
        assertThat(check(disk).clean()).isTrue();
        Path raw = Disks.file(folder.resolve("expected.raw"), expected);
        QemuOracle.assumePresent().compareEqual("vmdk", disk, "raw", raw);
    }

    /** What no extent of 2 GiB has room for gets extents of its own, as large as the first. */
    @ParameterizedTest
    @CsvSource({
        "twoGbMaxExtentSparse, zeroed_grain=off",
        "twoGbMaxExtentSparse, zeroed_grain=on",
        "twoGbMaxExtentFlat, zeroed_grain=off"
    })
    void splitDisksGetFurtherExtents(String subformat, String zeroedGrain) throws IOException {
        Path disk = folder.resolve("disk.vmdk");
        byte[] content = Disks.content(SIZE, 8);
        Disks.create(disk, SIZE, "subformat=" + subformat, zeroedGrain)
                .plan()
                .job()
                .run();
        long size = (5L << 30) + 512 * 77;
        byte[] mark = Disks.content(200_000, 9);
        try (DiskImage image = Disks.open(disk, true)) {
            image.write(ByteBuffer.wrap(content), 0);
            Resize.of(image, size).job().run();
            assertThat(image.size()).isEqualTo(size);
            for (long at : new long[] {(2L << 30) - 100_000, (4L << 30) - 100_000, size - mark.length}) {
                image.write(ByteBuffer.wrap(mark), at);
            }
            // Once more, into the last one's room and beyond.
            Resize.of(image, 7L << 30).job().run();
            image.write(ByteBuffer.wrap(mark), (6L << 30) - 100_000);
        }
        String type = subformat.endsWith("Flat") ? "f" : "s";
        assertThat(Files.readString(disk))
                .contains("4194304 " + (type.equals("f") ? "FLAT" : "SPARSE") + " \"disk-" + type + "003.vmdk\"")
                .contains("2097152 ")
                .contains("disk-" + type + "004.vmdk")
                .doesNotContain("005");
        assertThat(check(disk).clean()).isTrue();
        QemuOracle oracle = QemuOracle.assumePresent();
        Path raw = folder.resolve("expected.raw");
        try (FileChannel expected = FileChannel.open(raw, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            expected.write(ByteBuffer.wrap(content), 0);
            for (long at :
                    new long[] {(2L << 30) - 100_000, (4L << 30) - 100_000, size - mark.length, (6L << 30) - 100_000}) {
                expected.write(ByteBuffer.wrap(mark), at);
            }
            expected.write(ByteBuffer.wrap(new byte[1]), (7L << 30) - 1);
        }
        oracle.compareEqual("vmdk", disk, "raw", raw);
    }

    /** A file that is there already is nobody's to be overwritten; the disk stays as it was. */
    @Test
    void noFileIsOverwrittenByAFurtherExtent() throws IOException {
        Path disk = folder.resolve("disk.vmdk");
        Disks.create(disk, SIZE, "subformat=twoGbMaxExtentSparse").plan().job().run();
        Path other = Files.writeString(folder.resolve("disk-s003.vmdk"), "precious");
        byte[] content = Disks.content(SIZE, 10);
        try (DiskImage image = Disks.open(disk, true)) {
            assertThatThrownBy(() -> Resize.of(image, 5L << 30).job().run())
                    .isInstanceOfSatisfying(
                            ImageException.class,
                            refused -> assertThat(refused.kind()).isEqualTo(ErrorKind.EXISTS));
            assertThat(image.size()).isEqualTo(SIZE);
            image.write(ByteBuffer.wrap(content), 0);
        }
        assertThat(other).hasContent("precious");
        assertThat(folder.resolve("disk-s002.vmdk")).doesNotExist();
        Disks.same(Disks.read(disk), content);
    }

    @Test
    void whatCannotGrowSaysSo() throws IOException {
        Path stream = disk(Disks.content(SIZE, 5), "streamOptimized");
        try (DiskImage image = Disks.open(stream, true)) {
            assertThatThrownBy(() -> Resize.of(image, 100L << 20).job().run()).isInstanceOf(ImageException.class);
        }
        Path split = disk(Disks.content(SIZE, 5), "twoGbMaxExtentFlat");
        try (DiskImage image = Disks.open(split, true)) {
            assertThatThrownBy(() -> Resize.of(image, 512)
                            .shrink(true)
                            .preallocation(Preallocation.OFF)
                            .job()
                            .run())
                    .isInstanceOf(ImageException.class);
        }
    }

    @Test
    void childrenGetOtherParents() throws IOException {
        Path base = disk(Disks.content(SIZE, 6), "monolithicSparse");
        Path other = folder.resolve("other.vmdk");
        Files.copy(base, other);
        Path child = folder.resolve("child.vmdk");
        Disks.create(child, SIZE)
                .backingFile("disk.vmdk")
                .backingFormat("vmdk")
                .plan()
                .job()
                .run();
        try (DiskImage image = Disks.open(other, true)) {
            image.write(ByteBuffer.wrap(new byte[] {9, 9}), 1000);
        }
        try (DiskImage image = Disks.open(child, true)) {
            image.capability(Rebasable.class).orElseThrow().changeBacking("other.vmdk", "vmdk");
        }
        Disks.same(Disks.read(child), Disks.read(other));
        QemuOracle.assumePresent().compareEqual("vmdk", child, "vmdk", other);
        try (DiskImage image = Disks.open(child, true)) {
            image.capability(Rebasable.class).orElseThrow().changeBacking(null, null);
        }
        assertThat(Disks.read(child)).containsOnly(0);
    }

    @Test
    void anEmptiedChildShowsItsParent() throws IOException {
        byte[] content = Disks.content(SIZE, 7);
        disk(content, "monolithicSparse");
        Path child = folder.resolve("child.vmdk");
        Disks.create(child, SIZE)
                .backingFile("disk.vmdk")
                .backingFormat("vmdk")
                .plan()
                .job()
                .run();
        try (DiskImage image = Disks.open(child, true)) {
            byte[] noise = new byte[200_000];
            new Random(1).nextBytes(noise);
            image.write(ByteBuffer.wrap(noise), 77_777);
            image.capability(Emptiable.class).orElseThrow().empty();
            Disks.same(Disks.read(image), content);
        }
        Disks.same(Disks.read(child), content);
    }
}
