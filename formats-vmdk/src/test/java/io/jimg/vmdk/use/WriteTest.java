package io.jimg.vmdk.use;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.jimg.DiskImage;
import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.Images;
import io.jimg.OpenOptions;
import io.jimg.capability.CompressedRuns;
import io.jimg.ops.Conversion;
import io.jimg.ops.Convert;
import io.jimg.ops.Create;
import io.jimg.spi.DottedOptions;
import io.jimg.storage.MemoryStorage;
import io.jimg.testkit.KeptStorage;
import io.jimg.testkit.QemuOracle;
import io.jimg.vmdk.descriptor.Descriptor;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Images that were made here read back, here and by the real tools. */
class WriteTest {
    private static final int SIZE = 5_000_000 / 512 * 512;

    @TempDir
    Path folder;

    private Conversion convert(Path source, String format, Path target, String targetFormat, int threads, String... o)
            throws IOException {
        DottedOptions options = DottedOptions.EMPTY;
        for (String option : o) {
            options = options.with(option.substring(0, option.indexOf('=')), option.substring(option.indexOf('=') + 1));
        }
        try (DiskImage image = Images.standard()
                .open(source, OpenOptions.DEFAULT.withFormat(format).withGate(request -> {}))) {
            return new Convert(image)
                    .parallel(threads)
                    .toNew(new Create(Images.standard(), target.toString())
                            .format(targetFormat)
                            .options(options))
                    .run();
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "subformat=monolithicSparse",
                "subformat=monolithicFlat",
                "subformat=twoGbMaxExtentSparse",
                "subformat=twoGbMaxExtentFlat",
                "subformat=streamOptimized"
            })
    void copiesAreTheSameForQemu(String option) throws IOException {
        byte[] content = Disks.content(SIZE, 7);
        Path raw = Disks.file(folder.resolve("content.raw"), content);
        Path disk = folder.resolve("disk.vmdk");
        convert(raw, "raw", disk, "vmdk", 2, option);
        Disks.same(Disks.read(disk), content);
        QemuOracle.assumePresent().compareEqual("vmdk", disk, "raw", raw);
    }

    @Test
    void theSameBytesForAnyNumberOfThreads() throws IOException {
        Path raw = Disks.file(folder.resolve("content.raw"), Disks.content(SIZE, 8));
        byte[][] made = new byte[2][];
        for (int i = 0; i < 2; i++) {
            Path disk = folder.resolve("disk.vmdk");
            Files.deleteIfExists(disk);
            convert(raw, "raw", disk, "vmdk", 1 + 3 * i, "subformat=streamOptimized");
            made[i] = Files.readAllBytes(disk);
            int cid = new String(made[i], java.nio.charset.StandardCharsets.ISO_8859_1).indexOf("CID=") + 4;
            Arrays.fill(made[i], cid, cid + 8, (byte) '0');
        }
        assertThat(Arrays.mismatch(made[0], made[1])).isEqualTo(-1);
    }

    /** Deflate bodies go from one format to the other and back without being made anew. */
    @Test
    void compressedRunsAreCarriedOver() throws IOException {
        byte[] content = Disks.content(SIZE, 9);
        Path raw = Disks.file(folder.resolve("content.raw"), content);
        Path first = folder.resolve("first.vmdk");
        Path second = folder.resolve("second.vmdk");
        convert(raw, "raw", first, "vmdk", 2, "subformat=streamOptimized");
        Conversion again = convert(first, "vmdk", second, "vmdk", 2, "subformat=streamOptimized");
        assertThat(again.carriedOver()).isPositive();
        Disks.same(Disks.read(second), content);
        QemuOracle.assumePresent().compareEqual("vmdk", second, "raw", raw);
    }

    @Test
    void incompressibleGrainsAreStored() throws IOException {
        byte[] noise = new byte[300_000 / 512 * 512];
        new java.util.Random(3).nextBytes(noise);
        Path raw = Disks.file(folder.resolve("noise.raw"), noise);
        Path disk = folder.resolve("disk.vmdk");
        convert(raw, "raw", disk, "vmdk", 2, "subformat=streamOptimized");
        Disks.same(Disks.read(disk), noise);
        QemuOracle.assumePresent().compareEqual("vmdk", disk, "raw", raw);
        try (DiskImage image = Disks.open(disk, false)) {
            assertThat(image.capability(CompressedRuns.class)).isPresent();
        }
    }

    @Test
    void aStreamThatWasNotFinishedIsNoDisk() throws IOException {
        byte[] content = Disks.content(SIZE, 7);
        Path raw = Disks.file(folder.resolve("content.raw"), content);
        Path disk = folder.resolve("disk.vmdk");
        convert(raw, "raw", disk, "vmdk", 2, "subformat=streamOptimized");
        byte[] bytes = Files.readAllBytes(disk);
        Files.write(disk, Arrays.copyOf(bytes, bytes.length - 512));
        assertThatThrownBy(() -> Disks.read(disk)).hasMessageContaining("footer");
    }

    @Test
    void aWriteGivesTheContentANewName() throws IOException {
        Path disk = folder.resolve("disk.vmdk");
        Disks.create(disk, 1 << 20).plan().job().run();
        String before = cid(disk);
        try (DiskImage image = Disks.open(disk, true)) {
            image.read(ByteBuffer.allocate(10), 0);
        }
        assertThat(cid(disk)).isEqualTo(before);
        try (DiskImage image = Disks.open(disk, true)) {
            image.write(ByteBuffer.allocate(10), 0);
            String after = cid(disk);
            assertThat(after).isNotEqualTo(before);
            image.write(ByteBuffer.allocate(10), 0);
            assertThat(cid(disk)).isEqualTo(after);
        }
    }

    private static String cid(Path disk) throws IOException {
        String text = Files.readString(disk, java.nio.charset.StandardCharsets.ISO_8859_1);
        int at = text.indexOf("CID=");
        return text.substring(at + 4, at + 12);
    }

    /** The mark that VMware sets on disks that are in use: set by the first write, cleared by closing. */
    @Test
    void marksADiskThatIsBeingWritten() throws IOException {
        MemoryStorage file = new MemoryStorage("disk.vmdk");
        InMemory context = new InMemory(true, null);
        InMemory.format().create(file, context.request(1 << 20, ""));
        try (DiskImage image = context.open(new KeptStorage(file))) {
            assertThat(mark(file)).isZero();
            image.write(ByteBuffer.allocate(512), 0);
            assertThat(mark(file)).isEqualTo(1);
        }
        assertThat(mark(file)).isZero();
    }

    private static int mark(MemoryStorage file) throws IOException {
        ByteBuffer one = ByteBuffer.allocate(1);
        file.read(one, 72);
        return one.get(0);
    }

    /** Both copies of the tables say the same when the disk is closed. */
    @Test
    void bothDirectoriesAreKeptInStep() throws IOException {
        MemoryStorage file = new MemoryStorage("disk.vmdk");
        InMemory context = new InMemory(true, null);
        InMemory.format().create(file, context.request(80 << 20, ""));
        try (DiskImage image = context.open(new KeptStorage(file))) {
            for (int at = 0; at < image.size(); at += 3_000_000) {
                image.write(ByteBuffer.wrap(new byte[] {1, 2, 3}), at);
            }
        }
        ByteBuffer all = ByteBuffer.allocate((int) file.size()).order(java.nio.ByteOrder.LITTLE_ENDIAN);
        file.read(all, 0);
        int redundant = (int) all.getLong(48) * 512;
        int directory = (int) all.getLong(56) * 512;
        for (int i = 0; i < 3; i++) {
            int copy = all.getInt(redundant + 4 * i) * 512;
            int table = all.getInt(directory + 4 * i) * 512;
            assertThat(Arrays.mismatch(all.array(), copy, copy + 2048, all.array(), table, table + 2048))
                    .isEqualTo(-1);
            assertThat(Arrays.copyOfRange(all.array(), table, table + 2048)).isNotEqualTo(new byte[2048]);
        }
    }

    @Test
    void aDamagedDirectoryIsReadFromItsCopy() throws IOException {
        byte[] content = Disks.content(SIZE, 11);
        Path raw = Disks.file(folder.resolve("content.raw"), content);
        Path disk = folder.resolve("disk.vmdk");
        convert(raw, "raw", disk, "vmdk", 2);
        byte[] bytes = Files.readAllBytes(disk);
        ByteBuffer sound = ByteBuffer.wrap(bytes.clone()).order(java.nio.ByteOrder.LITTLE_ENDIAN);
        int directory = (int) sound.getLong(56) * 512;
        int table = sound.getInt(directory) * 512;
        byte[] damaged = bytes.clone();
        Arrays.fill(damaged, directory, directory + 4, (byte) 0xFF);
        Files.write(disk, damaged);
        Disks.same(Disks.read(disk), content);
        assertThatThrownBy(() -> Disks.open(disk, true))
                .isInstanceOfSatisfying(
                        ImageException.class,
                        refused -> assertThat(refused.kind()).isEqualTo(ErrorKind.CORRUPT));
        damaged = bytes.clone();
        Arrays.fill(damaged, table, table + 2048, (byte) 0x7F);
        Files.write(disk, damaged);
        Disks.same(Disks.read(disk), content);
    }

    @Test
    void namesThatAreNotAsciiSayTheirEncoding() throws IOException {
        Path disk = folder.resolve("Größe.vmdk");
        Disks.create(disk, 1 << 20, "subformat=monolithicFlat").plan().job().run();
        assertThat(Files.readString(disk)).contains("encoding=\"UTF-8\"").contains("Größe-flat.vmdk");
        assertThat(Disks.read(disk)).hasSize(1 << 20);
        assertThat(Descriptor.parse(Files.readAllBytes(disk), "d").extents()).hasSize(1);
    }
}
