package io.jimg.qcow2.check;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.jimg.DiskImage;
import io.jimg.ImageException;
import io.jimg.capability.Bitmaps;
import io.jimg.capability.CheckReport;
import io.jimg.capability.Repairable;
import io.jimg.qcow2.image.Qcow2Opener;
import io.jimg.qcow2.use.Opening;
import io.jimg.storage.MemoryStorage;
import io.jimg.testkit.KeptStorage;
import io.jimg.testkit.QemuOracle;
import io.jimg.testkit.ReorderingStorage;
import io.jimg.validate.Place;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestReporter;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Bitmap tables with entries for which the real tools do not open an image: after our repair they do. */
class DamagedBitmapsTest {
    @TempDir
    private Path folder;

    private final QemuOracle oracle = QemuOracle.assumePresent();

    private ImageBytes sound() throws IOException {
        return ImageBytes.make(
                oracle,
                folder,
                "",
                "1M",
                "write -P 1 0 128k",
                "bitmap --add IMAGE damaged",
                "bitmap --add --disable IMAGE other",
                "write -P 2 0 64k");
    }

    private static long directory(ImageBytes image) {
        return image.get(image.extension(0x23852875) + 16);
    }

    @Test
    void aTableWhereNoFileReachesIsToldOf() throws IOException {
        ImageBytes image = sound();
        image.put(directory(image), 1L << 63 | image.get(directory(image)));
        Path file = image.save(folder.resolve("damaged.qcow2"));
        assertThat(oracle.img("info", file).stderr()).contains("Could not read bitmap_table");

        MemoryStorage storage = new MemoryStorage("disk", image.bytes());
        CheckReport report = new Qcow2Check(storage, Qcow2Opener.readHeader(storage)).run();
        assertThat(report.findings().get(0).kind()).isEqualTo(CheckReport.Kind.TRUNCATION);
        assertThat(report.findings().get(0).place()).isEqualTo(Place.host(image.get(directory(image))));
        try (DiskImage opened = Opening.readOnly().open(new KeptStorage(storage))) {
            Bitmaps bitmaps = opened.capability(Bitmaps.class).orElseThrow();
            assertThatThrownBy(() -> bitmaps.read("damaged"))
                    .isInstanceOf(ImageException.class)
                    .hasMessageContaining("table of bitmap 'damaged'");
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 0x200, 1L << 60})
    void anImpossibleEntryMakesItsBitmapInconsistent(long damage, TestReporter reporter) throws IOException {
        ImageBytes image = sound();
        long table = image.get(directory(image));
        image.put(table, image.get(table) | damage);
        Path file = image.save(folder.resolve("damaged.qcow2"));
        assertThat(oracle.img("check", file).exitCode()).isEqualTo(1);

        ReorderingStorage storage = new ReorderingStorage("disk");
        storage.write(ByteBuffer.wrap(image.bytes()), 0);
        storage.flush();
        int[] crashes = {0};
        storage.observe(number -> {
            for (int seed = 0; seed < 8; seed++) {
                crashes[0]++;
                ReorderingStorage left = storage.crash(seed);
                new Qcow2Repair(left, Repairable.Mode.ALL).run();
                inconsistent(left);
            }
        });
        CheckReport report = new Qcow2Repair(storage, Repairable.Mode.ALL).run();
        storage.observe(null);
        reporter.publishEntry("crash points", Integer.toString(crashes[0]));
        assertThat(report.corruptionsFixed()).isEqualTo(1);
        assertThat(report.findings().get(0).sentence()).startsWith("Repairing invalid bitmap table entry: ");
        inconsistent(storage);

        ByteBuffer bytes = ByteBuffer.allocate((int) storage.size());
        storage.read(bytes, 0);
        MemoryStorage copy = new MemoryStorage("copy", bytes.array());
        ImageBytes.of(copy).save(file);
        oracle.checkClean("qcow2", file);
        oracle.ioCommands("qcow2", file, "read -P 2 0 64k", "read -P 1 64k 64k", "write -P 3 0 64k");
        assertThat(oracle.img("info", file).stdout()).contains("in-use").contains("name: other");
        oracle.img("bitmap", "--remove", file, "damaged").expectExit(0);
        oracle.checkClean("qcow2", file);
    }

    private static void inconsistent(ReorderingStorage storage) throws IOException {
        try (DiskImage image = Opening.readOnly().open(new KeptStorage(storage))) {
            assertThat(image.capability(Bitmaps.class).orElseThrow().list())
                    .extracting(Bitmaps.Bitmap::inconsistent)
                    .containsExactly(true, false);
        }
    }

    @Test
    void aTableThatLiesOnGuestDataIsLeftAlone() throws IOException {
        ImageBytes image = sound();
        long data = image.get(image.l2(1)) & L2Scan.OFFSET_MASK;
        image.put(directory(image), data);
        MemoryStorage storage = image.storage();
        new Qcow2Repair(storage, Repairable.Mode.ALL).run();
        ImageBytes repaired = ImageBytes.of(storage);
        assertThat(repaired.get(data)).isEqualTo(0x0101010101010101L);
        CheckReport report = new Qcow2Check(storage, repaired.header()).run();
        assertThat(report.corruptions()).isPositive();
        assertThat(report.leaks()).isZero();
    }
}
