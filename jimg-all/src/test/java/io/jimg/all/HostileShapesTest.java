package io.jimg.all;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import io.jimg.DiskImage;
import io.jimg.ErrorKind;
import io.jimg.Extent;
import io.jimg.ImageException;
import io.jimg.Images;
import io.jimg.Job;
import io.jimg.OpenOptions;
import io.jimg.Options;
import io.jimg.capability.CheckReport;
import io.jimg.ops.Check;
import io.jimg.ops.Info;
import io.jimg.ops.MapExtents;
import io.jimg.qcow2.Qcow2;
import io.jimg.spi.CreateRequest;
import io.jimg.spi.DottedOptions;
import io.jimg.spi.JsonWriter;
import io.jimg.storage.FileStorage;
import io.jimg.testkit.QemuOracle;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Small files that claim to be much, or that lead in circles: what each may cost, and what it is told. */
class HostileShapesTest {
    private static final Images IMAGES = Images.standard();
    private static final int C = 65536;
    private static final Duration SOON = Duration.ofSeconds(30);

    @TempDir
    Path folder;

    private Path qcow2(long size, String... options) throws IOException {
        Path file = folder.resolve("image.qcow2");
        DottedOptions text = DottedOptions.EMPTY;
        for (String option : options) {
            int equals = option.indexOf('=');
            text = text.with(option.substring(0, equals), option.substring(equals + 1));
        }
        try (FileStorage storage = FileStorage.create(file)) {
            Options parsed = Qcow2.CREATE.parse(text);
            IMAGES.format("qcow2").create(storage, new CreateRequest(size, parsed, name -> storage));
        }
        return file;
    }

    private static void put(Path file, long at, ByteBuffer bytes) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
            channel.write(bytes, at);
        }
    }

    private static long number(Path file, long at) throws IOException {
        try (FileChannel channel = FileChannel.open(file)) {
            ByteBuffer bytes = ByteBuffer.allocate(Long.BYTES);
            channel.read(bytes, at);
            return bytes.getLong(0);
        }
    }

    /** A table whose entries are all the same. */
    private static ByteBuffer table(int entries, long value) {
        ByteBuffer table = ByteBuffer.allocate(entries * Long.BYTES);
        for (int i = 0; i < entries; i++) {
            table.putLong(value);
        }
        return table.flip();
    }

    private static DiskImage open(Path file) throws IOException {
        return IMAGES.open(file, OpenOptions.DEFAULT);
    }

    /** An image of 1.3 MiB: 131,072 L1 entries that share one L2 table, whose clusters are all zero or all the same. */
    private Path sharedTable(long entry) throws IOException {
        Path file = qcow2(64L << 40);
        long l1 = number(file, 40);
        long l2 = Files.size(file) + C - 1 & -C;
        put(file, l1, table((int) ((64L << 40) / C / (C / 8)), l2));
        put(file, l2, table(C / 8, entry));
        return file;
    }

    @Test
    void whoMapsMuchOutOfLittleCanStop() throws Exception {
        for (long entry : new long[] {1, 1L << 62 | 0x20000, 0x20000}) {
            Path file = sharedTable(entry);
            assertThat(Files.size(file)).isLessThan(2 << 20);
            try (DiskImage image = open(file)) {
                assertTimeoutPreemptively(SOON, () -> {
                    Extent extent = image.extentAt(0, image.size());
                    assertThat(extent.length()).isPositive();
                    int[] asked = new int[1];
                    Job<Long> job = new MapExtents(image).forEach(run -> {});
                    job.onProgress((done, total) -> {
                        if (++asked[0] == 3) {
                            job.cancel();
                        }
                    });
                    assertThatThrownBy(job::run)
                            .isInstanceOfSatisfying(
                                    ImageException.class,
                                    failure -> assertThat(failure.kind()).isEqualTo(ErrorKind.CANCELLED));
                    assertThat(asked[0]).isEqualTo(3);
                });
            }
            // To check it costs as much as its tables are long, however often they are named.
            assertTimeoutPreemptively(
                    SOON, () -> assertThat(check(file).corruptions()).isPositive());
            assertThatThrownBy(() -> IMAGES.open(file, OpenOptions.untrusted().withFormat("qcow2")))
                    .isInstanceOfSatisfying(
                            ImageException.class,
                            refused -> assertThat(refused.kind()).isEqualTo(ErrorKind.LIMIT));
        }
    }

    private static CheckReport check(Path file) throws IOException {
        try (DiskImage image = IMAGES.open(file, OpenOptions.DEFAULT.withToCheck(true))) {
            return Check.of(image).run();
        }
    }

    /** Two bitmaps whose bits lie in the same clusters: the check tells, as the real one does. */
    @Test
    void bitmapsThatOverlapAreTold() throws Exception {
        QemuOracle qemu = QemuOracle.assumePresent();
        Path file = folder.resolve("bitmaps.qcow2");
        qemu.img("create", "-q", "-f", "qcow2", file, "64M").expectExit(0);
        for (String name : new String[] {"a", "b"}) {
            qemu.img("bitmap", "--add", file, name).expectExit(0);
        }
        assertThat(check(file).clean()).isTrue();
        long directory = number(file, bitmapExtension(file) + 16);
        // The second entry's table becomes the first one's.
        put(file, directory + 32, ByteBuffer.allocate(Long.BYTES).putLong(0, number(file, directory)));
        qemu.img("check", "-f", "qcow2", file).expectExit(2);
        assertThat(check(file).corruptions()).isPositive();
        // Storing the one frees what is the other's as well, which is noticed when the other one is stored.
        DiskImage image = IMAGES.open(file, OpenOptions.DEFAULT.withWritable(true));
        image.write(ByteBuffer.wrap(new byte[C]), 0);
        assertThatThrownBy(image::close).hasMessageContaining("Marking image as corrupt");
        qemu.img("check", "-f", "qcow2", "-r", "all", file);
        assertThat(check(file).corruptions()).isZero();
    }

    private static long bitmapExtension(Path file) throws IOException {
        byte[] header = Files.readAllBytes(file);
        ByteBuffer view = ByteBuffer.wrap(header);
        int at = view.getInt(100);
        while (view.getInt(at) != 0x23852875) {
            at += 8 + (view.getInt(at + 4) + 7 & -8);
        }
        return at + 8;
    }

    /** Each cluster of 2 MiB is one small stream of zeroes, always the same: reading takes one cluster's memory. */
    @Test
    void aBombGoesOffInOneClustersMemory() throws Exception {
        int cluster = 2 << 20;
        Path file = qcow2(1L << 40, "cluster_size=2M");
        long l1 = number(file, 40);
        long l2 = Files.size(file) + cluster - 1 & -(long) cluster;
        java.util.zip.Deflater deflater = new java.util.zip.Deflater(9, true);
        deflater.setInput(new byte[cluster]);
        deflater.finish();
        byte[] stream = new byte[C];
        int length = deflater.deflate(stream);
        deflater.end();
        put(file, l2 + cluster, ByteBuffer.wrap(stream, 0, length));
        int sectorBits = 62 - (21 - 8);
        put(file, l1, table(2, l2));
        put(file, l2, table(cluster / 8, 1L << 62 | (long) (length / 512) << sectorBits | l2 + cluster));
        try (DiskImage image = open(file)) {
            assertTimeoutPreemptively(SOON, () -> {
                ByteBuffer piece = ByteBuffer.allocate(1 << 20);
                for (long at = 0; at < 256L << 20; at += cluster) {
                    image.read(piece.clear(), at);
                }
                assertThat(piece.array()).containsOnly(0);
            });
        }
    }

    /**
     * A name's line ends and control characters are the user's to see as the real tool shows them; JSON escapes them.
     */
    @Test
    void namesWithLineEndsArePrintedAsTheRealToolDoes() throws Exception {
        QemuOracle qemu = QemuOracle.assumePresent();
        Path file = qcow2(1 << 20, "backing_file=a\nb\u001b[31mc", "backing_fmt=raw");
        String theirs =
                qemu.imgIn(folder, "info", "--output=json", file).expectExit(0).stdout();
        try (DiskImage image = IMAGES.open(file, OpenOptions.DEFAULT.withBacking(false))) {
            String ours = JsonWriter.pretty(Info.of(image).doc());
            assertThat(ours).contains("\"a\\nb\\u001B[31mc\"").doesNotContain("\u001b");
            assertThat(theirs).contains("\"a\\nb\\u001B[31mc\"");
        }
    }

    private Path vmdk() throws IOException {
        Path file = folder.resolve("disk.vmdk");
        try (FileStorage storage = FileStorage.create(file)) {
            IMAGES.format("vmdk")
                    .create(
                            storage,
                            new CreateRequest(
                                    64 << 20,
                                    IMAGES.format("vmdk").createSchema().parse(DottedOptions.EMPTY),
                                    name -> storage));
        }
        return file;
    }

    private static void putSectors(Path file, long at, int... sectors) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(sectors.length * 4).order(ByteOrder.LITTLE_ENDIAN);
        for (int sector : sectors) {
            bytes.putInt(sector);
        }
        put(file, at, bytes.flip());
    }

    /** A directory that is its own table, a table that is its own grain: a walk ends, and so does a check. */
    @Test
    void vmdkTablesThatNameThemselvesEnd() throws Exception {
        for (int loop = 0; loop < 3; loop++) {
            Path file = vmdk();
            ByteBuffer header = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
            int directory = (int) header.getLong(56);
            int copy = (int) header.getLong(48);
            int table = header.getInt(directory * 512);
            switch (loop) {
                case 0 -> {
                    putSectors(file, directory * 512L, directory, directory);
                    putSectors(file, copy * 512L, copy, copy);
                }
                case 1 -> putSectors(file, table * 512L, table, table, directory, 1);
                default -> putSectors(file, directory * 512L, table, table);
            }
            assertTimeoutPreemptively(SOON, () -> {
                try (DiskImage image = open(file)) {
                    new MapExtents(image).forEach(run -> {}).run();
                    for (long at = 0; at < 4 << 20; at += C) {
                        image.read(ByteBuffer.allocate(C), at);
                    }
                }
                check(file);
            });
            Files.delete(file);
        }
    }

    /** A descriptor of a gigabyte is refused before it is read. */
    @Test
    void aDescriptorOfAGigabyteIsRefusedAtOnce() throws Exception {
        Path file = folder.resolve("large.vmdk");
        Files.writeString(file, "# Disk DescriptorFile\nversion=1\nCID=1\nparentCID=ffffffff\ncreateType=\"custom\"\n");
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
            channel.write(ByteBuffer.wrap(new byte[] {'\n'}), 1 << 30);
        }
        assertTimeoutPreemptively(
                SOON,
                () -> assertThatThrownBy(() -> IMAGES.open(file, OpenOptions.DEFAULT.withFormat("vmdk")))
                        .isInstanceOfSatisfying(
                                ImageException.class,
                                refused -> assertThat(refused.kind()).isEqualTo(ErrorKind.LIMIT))
                        .hasMessageContaining("longer than"));
    }
}
