package io.jimg.vmdk.use;

import static org.assertj.core.api.Assertions.assertThat;

import io.jimg.DiskImage;
import io.jimg.capability.CheckReport;
import io.jimg.ops.Check;
import io.jimg.testkit.QemuOracle;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Delta disks of ESX, put together by hand, read as the real qemu-img reads them. */
class EsxTest {
    private static final int SECTOR = 512;

    @TempDir
    Path folder;

    private void compareWithQemu(Path disk, byte[] expected) throws IOException {
        Disks.same(Disks.read(disk), expected);
        QemuOracle oracle = QemuOracle.assumePresent();
        Path raw = Disks.file(folder.resolve("expected.raw"), expected);
        oracle.img("compare", "-f", "vmdk", "-F", "raw", disk, raw).expectExit(0);
    }

    private Path descriptor(String type, String line, long sectors) throws IOException {
        return Files.writeString(
                folder.resolve("disk.vmdk"),
                "# Disk DescriptorFile\nversion=1\nCID=1\nparentCID=ffffffff\ncreateType=\"" + type + "\"\nRW "
                        + sectors + " " + line + " \"delta.vmdk\"\n");
    }

    /** Grains of one sector, as ESX writes them, and of sixteen. */
    @ParameterizedTest
    @ValueSource(ints = {1, 16})
    void copyOnWriteExtents(int grainSectors) throws IOException {
        int sectors = 4096 * grainSectors + 3 * grainSectors;
        ByteBuffer file = ByteBuffer.allocate(1 << 20).order(ByteOrder.LITTLE_ENDIAN);
        file.putInt(0x44574F43).putInt(1).putInt(3).putInt(sectors).putInt(grainSectors);
        file.putInt(4).putInt(2).putInt(0);
        int table = 5;
        file.putInt(4 * SECTOR, table).putInt(4 * SECTOR + 4, table + 32);
        byte[] expected = new byte[sectors * SECTOR];
        int next = table + 64;
        for (int grain : new int[] {0, 1, 7, 4095, 4096, 4098}) {
            file.putInt((table + 32 * (grain / 4096)) * SECTOR + grain % 4096 * 4, next);
            byte[] bytes = new byte[grainSectors * SECTOR];
            Arrays.fill(bytes, (byte) (grain + 1));
            file.position(next * SECTOR).put(bytes);
            System.arraycopy(bytes, 0, expected, grain * bytes.length, bytes.length);
            next += grainSectors;
        }
        Files.write(folder.resolve("delta.vmdk"), file.array());
        compareWithQemu(descriptor("vmfsSparse", "VMFSSPARSE", sectors), expected);
    }

    /** Nothing is changed, for nothing is there twice. */
    @ParameterizedTest
    @CsvSource({
        "144, 7, The header puts the grain directory on the grain tables",
        "72, 0,",
        "4096, 0x1000000000000000, Grain table 1 lies where another does",
        "4096, 0x1000000000000002, Grain table 0 lies on the free bitmap",
        "40960, 0x3002000000000000, Grain 1 lies where another does",
        "40976, 0x3f00000000000000, past the end",
        "40984, 0x4001000000000000, holds the entry 0x4001000000000000",
        "200, 0x7fffffffffffffff, The header gives the grains 9223372036854775807 sectors",
        "184, 40, Grain 0 lies on the back map"
    })
    void whatLiesOnSomethingElseIsFound(int place, String value, @Nullable String sentence) throws IOException {
        spaceEfficientExtents();
        Path delta = folder.resolve("delta.vmdk");
        ByteBuffer file = ByteBuffer.wrap(Files.readAllBytes(delta)).order(ByteOrder.LITTLE_ENDIAN);
        file.putLong(place, Long.decode(value));
        Files.write(delta, file.array());
        try (DiskImage image = Disks.open(folder.resolve("disk.vmdk"), false)) {
            CheckReport report = Check.of(image).run();
            List<String> sentences = report.findings().stream()
                    .map(CheckReport.Finding::sentence)
                    .toList();
            if (sentence == null) {
                assertThat(sentences).isEmpty();
            } else {
                assertThat(sentences).anyMatch(found -> found.contains(sentence));
                assertThat(report.corruptions()).isPositive();
            }
        }
        assertThat(Files.readAllBytes(delta)).isEqualTo(file.array());
    }

    @Test
    void spaceEfficientExtents() throws IOException {
        int sectors = 4096 * 8 + 5 * 8;
        ByteBuffer file = ByteBuffer.allocate(1 << 20).order(ByteOrder.LITTLE_ENDIAN);
        long[] header = new long[26];
        header[0] = 0xCAFEBABEL;
        header[1] = 0x0000000200000001L;
        header[2] = sectors;
        header[3] = 8;
        header[4] = 64;
        header[10] = 1; // volatile header
        header[11] = 1;
        header[12] = 2; // journal header
        header[13] = 2;
        header[14] = 4; // journal
        header[15] = 4;
        header[16] = 8; // directory
        header[17] = 1;
        header[18] = 16; // tables
        header[19] = 128;
        header[20] = 144; // free bitmap
        header[21] = 1;
        header[22] = 145; // back map
        header[23] = 1;
        header[24] = 160; // grains
        header[25] = 1024;
        for (long field : header) {
            file.putLong(field);
        }
        file.putLong(SECTOR, 0xCAFECAFEL);
        file.putLong(8 * SECTOR, 0x1000000000000001L).putLong(8 * SECTOR + 8, 0x1000000000000000L);
        byte[] expected = new byte[sectors * SECTOR];
        int[] grains = {0, 1, 9, 4095, 4096, 4100};
        for (int i = 0; i < grains.length; i++) {
            int grain = grains[i];
            int table = grain < 4096 ? 1 : 0;
            // The low twelve bits of a place stand above the others.
            long place = i + 1;
            long entry = 0x3000000000000000L | (place & 0xFFF) << 48 | place >> 12;
            file.putLong((16 + table * 64) * SECTOR + grain % 4096 * 8, entry);
            byte[] bytes = new byte[4096];
            Arrays.fill(bytes, (byte) (grain + 3));
            file.position(160 * SECTOR + (int) place * 4096).put(bytes);
            System.arraycopy(bytes, 0, expected, grain * 4096, 4096);
        }
        file.putLong((16 + 64) * SECTOR + 20 * 8, 0x2000000000000000L);
        file.putLong((16 + 64) * SECTOR + 21 * 8, 0x1000000000000000L);
        Files.write(folder.resolve("delta.vmdk"), file.array());
        compareWithQemu(descriptor("seSparse", "SESPARSE", sectors), expected);
    }
}
