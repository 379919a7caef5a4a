package io.jimg.vmdk.use;

import static org.assertj.core.api.Assertions.assertThat;

import io.jimg.DiskImage;
import io.jimg.capability.CheckReport;
import io.jimg.ops.Check;
import io.jimg.spi.ImageWriter;
import io.jimg.storage.MemoryStorage;
import io.jimg.testkit.KeptStorage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Compressed grains that lie on each other or on tables, and findings of split disks. */
class StreamOverlapTest {
    private static final int SECTOR = 512;
    private static final int GRAIN_SECTORS = 128;

    @TempDir
    Path folder;

    private Path disk = Path.of("");
    private ByteBuffer bytes = ByteBuffer.allocate(0);
    private int table;

    @BeforeEach
    void makeDisk() throws IOException {
        disk = folder.resolve("disk.vmdk");
        MemoryStorage file = new MemoryStorage("disk.vmdk");
        byte[] noise = noise(4 << 20);
        var request = new InMemory(true, null).request(noise.length, "subformat=streamOptimized");
        try (ImageWriter writer =
                InMemory.format().createWriter(new KeptStorage(file), request).orElseThrow()) {
            writer.data(0, ByteBuffer.wrap(noise)).write();
            writer.finish();
        }
        bytes = ByteBuffer.allocate((int) file.size()).order(ByteOrder.LITTLE_ENDIAN);
        file.read(bytes, 0);
        int directory = (int) bytes.getLong(bytes.capacity() - 2 * SECTOR + 56) * SECTOR;
        table = bytes.getInt(directory) * SECTOR;
    }

    private static byte[] noise(int length) {
        byte[] noise = new byte[length];
        new java.util.Random(5).nextBytes(noise);
        return noise;
    }

    private int sector(int grain) {
        return bytes.getInt(table + grain * 4);
    }

    private List<String> findings() throws IOException {
        Files.write(disk, bytes.array());
        try (DiskImage image = Disks.open(disk, false)) {
            CheckReport report = Check.of(image).run();
            assertThat(report.corruptions()).isEqualTo(report.findings().size());
            return report.findings().stream().map(CheckReport.Finding::sentence).toList();
        }
    }

    @Test
    void aSoundStreamHasNoOverlaps() throws IOException {
        assertThat(findings()).isEmpty();
    }

    /** Grain 9's entry says that it begins inside grain 8, whose bytes hold a marker for it there. */
    @Test
    void aGrainInsideAnotherIsFound() throws IOException {
        int inside = sector(8) + 50;
        bytes.putLong(inside * SECTOR, 9L * GRAIN_SECTORS).putInt(inside * SECTOR + 8, 900);
        bytes.putInt(table + 9 * 4, inside);
        assertThat(findings()).containsExactly("ERROR Grain 9 lies where another does, at sector " + inside);
    }

    /** Grain 8's marker says that it is so long that it reaches into grain 9. */
    @Test
    void aGrainThatReachesIntoTheNextIsFound() throws IOException {
        bytes.putInt(sector(8) * SECTOR + 8, (sector(9) - sector(8)) * SECTOR - 12 + 1);
        assertThat(findings()).containsExactly("ERROR Grain 9 lies where another does, at sector " + sector(9));
    }

    @Test
    void aGrainThatReachesIntoATableIsFound() throws IOException {
        int inside = table / SECTOR - 2;
        bytes.putLong(inside * SECTOR, 9L * GRAIN_SECTORS).putInt(inside * SECTOR + 8, 3 * SECTOR);
        bytes.putInt(table + 9 * 4, inside);
        assertThat(findings())
                .anyMatch(found -> found.equals("ERROR Grain 9 lies on grain table 0, at sector " + inside));
    }

    @Test
    void markersThatAreNotTheGrainsAreFound() throws IOException {
        bytes.putInt(sector(3) * SECTOR + 8, 1 << 20);
        bytes.putLong(sector(4) * SECTOR, 77L * GRAIN_SECTORS);
        assertThat(findings())
                .containsExactly(
                        "ERROR Grain 3 has a stream of 1048576 bytes, at sector " + sector(3),
                        "ERROR Grain 4 has the marker of another, at sector " + sector(4));
    }

    @Test
    void findingsOfASplitDiskNameTheFile() throws IOException {
        Path split = folder.resolve("split.vmdk");
        Disks.create(split, 5L << 30, "subformat=twoGbMaxExtentSparse")
                .plan()
                .job()
                .run();
        try (DiskImage image = Disks.open(split, true)) {
            image.write(ByteBuffer.wrap(noise(1 << 20)), 3L << 30);
        }
        Path second = folder.resolve("split-s002.vmdk");
        ByteBuffer extent = ByteBuffer.wrap(Files.readAllBytes(second)).order(ByteOrder.LITTLE_ENDIAN);
        int directory = (int) extent.getLong(56) * SECTOR;
        extent.putInt(directory, 0x7FFFFFFF);
        Files.write(second, extent.array());
        try (DiskImage image = Disks.open(split, false)) {
            assertThat(Check.of(image).run().findings())
                    .extracting(CheckReport.Finding::sentence)
                    .containsExactly(
                            "ERROR '" + second + "': Grain table 0 lies past the end of the file; its copy is there");
        }
    }
}
