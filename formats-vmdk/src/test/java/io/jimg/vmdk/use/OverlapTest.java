package io.jimg.vmdk.use;

import static org.assertj.core.api.Assertions.assertThat;

import io.jimg.DiskImage;
import io.jimg.Images;
import io.jimg.OpenOptions;
import io.jimg.capability.CheckReport;
import io.jimg.capability.Repairable;
import io.jimg.ops.Check;
import io.jimg.testkit.QemuOracle;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Tables, directories and grains that lie on each other, and files that were cut off, damaged by hand. */
class OverlapTest {
    private static final int SECTOR = 512;
    private static final int SIZE = 80 << 20;
    private static final int GRAIN = 65536;

    @TempDir
    Path folder;

    private Path disk = Path.of("");
    private byte[] content = new byte[0];
    private ByteBuffer bytes = ByteBuffer.allocate(0);
    private int directory;
    private int redundant;

    /** Three tables, each with some grains. */
    @BeforeEach
    void makeDisk() throws IOException {
        disk = folder.resolve("disk.vmdk");
        Disks.create(disk, SIZE).plan().job().run();
        content = new byte[SIZE];
        try (DiskImage image = Disks.open(disk, true)) {
            for (int at : new int[] {0, 1 << 20, 33 << 20, 40 << 20, 70 << 20}) {
                byte[] piece = Disks.content(3 * GRAIN, at + 1);
                piece[0] = 1;
                piece[GRAIN] = 1;
                piece[2 * GRAIN] = 1;
                System.arraycopy(piece, 0, content, at, piece.length);
                image.write(ByteBuffer.wrap(piece), at);
            }
        }
        load();
    }

    private void load() throws IOException {
        bytes = ByteBuffer.wrap(Files.readAllBytes(disk)).order(ByteOrder.LITTLE_ENDIAN);
        redundant = (int) bytes.getLong(48) * SECTOR;
        directory = (int) bytes.getLong(56) * SECTOR;
    }

    private void save() throws IOException {
        Files.write(disk, bytes.array());
    }

    private int table(int index) {
        return bytes.getInt(directory + index * 4) * SECTOR;
    }

    private int copyOfTable(int index) {
        return bytes.getInt(redundant + index * 4) * SECTOR;
    }

    /** Sets an entry in a table and its copy. */
    private void entry(int table, int index, int sector) {
        bytes.putInt(table(table) + index * 4, sector);
        bytes.putInt(copyOfTable(table) + index * 4, sector);
    }

    private CheckReport check() throws IOException {
        try (DiskImage image = Disks.open(disk, false)) {
            return Check.of(image).run();
        }
    }

    private CheckReport repair() throws IOException {
        OpenOptions options = OpenOptions.DEFAULT
                .withWritable(true)
                .withFormat("vmdk")
                .withGate(request -> {})
                .withToCheck(true);
        try (DiskImage image = Images.standard().open(disk, options)) {
            return Check.repair(image, Repairable.Mode.ALL).run().report();
        }
    }

    private static List<String> sentences(CheckReport report) {
        return report.findings().stream().map(CheckReport.Finding::sentence).toList();
    }

    @Test
    void aSoundDiskHasNoOverlaps() throws IOException {
        assertThat(check().findings()).isEmpty();
    }

    /** Neither place is right for sure, so that nothing is changed. */
    @ParameterizedTest
    @CsvSource({
        "1, on the descriptor",
        "20, on the descriptor",
        "redundant, on the redundant grain directory",
        "directory, on the grain directory",
        "table, on grain table 2",
        "copy, on the copy of grain table 1",
        "grain, where another does",
        "unaligned, where another does"
    })
    void aGrainThatLiesOnSomethingElseIsFoundAndLeftAlone(String where, String sentence) throws IOException {
        int sector = switch (where) {
            case "redundant" -> redundant / SECTOR;
            case "directory" -> directory / SECTOR;
            case "table" -> table(2) / SECTOR + 3;
            case "copy" -> copyOfTable(1) / SECTOR;
            case "grain" -> bytes.getInt(table(0));
            case "unaligned" -> bytes.getInt(table(1) + 16 * 4) - 100;
            default -> Integer.parseInt(where);
        };
        entry(1, 200, sector);
        save();
        CheckReport report = check();
        assertThat(report.corruptions()).as("%s", report).isPositive();
        assertThat(sentences(report)).anyMatch(found -> found.contains(sentence));
        byte[] before = Files.readAllBytes(disk);
        CheckReport repaired = repair();
        assertThat(repaired.corruptions()).as("%s", repaired).isPositive();
        assertThat(Arrays.equals(Files.readAllBytes(disk), before)).isTrue();
    }

    /** What the copy holds is put elsewhere, and what lay there first stays as it was. */
    @ParameterizedTest
    @CsvSource({
        "1, lies on the descriptor",
        "5, lies on the descriptor",
        "redundant, lies on the redundant grain directory",
        "directory, lies on the grain directory",
        "other, lies where another table does",
        "between, lies where another table does",
        "copy, lies where another table does",
        "grain, lies on grain table 1"
    })
    void aTableThatLiesOnSomethingElseComesBackFromItsCopy(String where, String sentence) throws IOException {
        int sector = switch (where) {
            case "redundant" -> redundant / SECTOR;
            case "directory" -> directory / SECTOR;
            case "other" -> table(0) / SECTOR;
            case "between" -> table(2) / SECTOR - 1;
            case "copy" -> copyOfTable(0) / SECTOR;
            case "grain" -> bytes.getInt(table(0)) + 2;
            default -> Integer.parseInt(where);
        };
        bytes.putInt(directory + 4, sector);
        save();
        CheckReport report = check();
        assertThat(sentences(report)).anyMatch(found -> found.contains(sentence));
        CheckReport repaired = repair();
        assertThat(repaired.corruptionsFixed()).as("%s", repaired).isPositive();
        assertThat(check().findings()).isEmpty();
        Disks.same(Disks.read(disk), content);
        Path raw = Disks.file(folder.resolve("content.raw"), content);
        QemuOracle.assumePresent().compareEqual("vmdk", disk, "raw", raw);
    }

    @ParameterizedTest
    @CsvSource({"1, lies on the descriptor", "0, lies past the end"})
    void aDirectoryThatLiesOnSomethingElseComesBackFromItsCopy(long sector, String sentence) throws IOException {
        bytes.putLong(56, sector == 0 ? 1L << 40 : sector);
        save();
        assertThat(sentences(check())).anyMatch(found -> found.contains("The grain directory " + sentence));
        assertThat(repair().corruptionsFixed()).isPositive();
        assertThat(check().findings()).isEmpty();
        Disks.same(Disks.read(disk), content);
    }

    /** Directories that overlap without being one: neither is written. */
    @Test
    void directoriesThatOverlapAreLeftAlone() throws IOException {
        Files.delete(disk);
        Disks.create(disk, 10L << 30).plan().job().run();
        load();
        bytes.putLong(48, bytes.getLong(56) - 1);
        byte[] before = bytes.array().clone();
        save();
        assertThat(sentences(check())).anyMatch(found -> found.contains("and the redundant one overlap"));
        repair();
        assertThat(Arrays.equals(Files.readAllBytes(disk), before)).isTrue();
    }

    /** Grains past the end of the file are all that real qemu-img says anything about. */
    @Test
    void aFileThatWasCutOffIsToldAsSuch() throws IOException {
        int last = bytes.getInt(table(2) + (6 << 4) * 4 + 8) * SECTOR;
        long whole = bytes.capacity();
        assertThat(last).isPositive();
        Files.write(disk, Arrays.copyOf(bytes.array(), last));
        CheckReport report = check();
        assertThat(sentences(report))
                .anyMatch(found -> found.contains("is truncated: its tables point up to byte " + whole
                        + ", and the file has " + last + " bytes"));
        // Real qemu-img calls the check itself failed, and gives up at the first such grain.
        QemuOracle.assumePresent().img("check", "-f", "vmdk", disk).expectExit(1);
        Files.write(disk, Arrays.copyOf(bytes.array(), (int) whole - 1000));
        assertThat(sentences(check())).singleElement().asString().contains("is truncated");
        QemuOracle.assumePresent().img("check", "-f", "vmdk", disk).expectExit(0);
    }

    /** Entries that point anywhere are no sign of a file that was longer. */
    @Test
    void damagedEntriesAreNotToldAsTruncation() throws IOException {
        entry(1, 200, 0x7F7F7F7F);
        save();
        assertThat(sentences(check())).singleElement().asString().contains("1 grains of table 1 lie past the end");
    }

    /**
     * The mark of an extent that was not closed goes away where a check finds nothing, and stays where something is
     * wrong until a repair.
     */
    @Test
    void theMarkOfACrashStaysUntilACheckFindsNothing() throws IOException {
        bytes.put(72, (byte) 1);
        save();
        assertThat(marked()).isTrue();
        try (DiskImage image = Disks.open(disk, true)) {
            assertThat(image.size()).isEqualTo(SIZE);
        }
        assertThat(marked()).as("sound").isFalse();
        load();
        bytes.put(72, (byte) 1);
        // A copy that differs is what power loss leaves; it follows its table.
        bytes.putInt(copyOfTable(0) + 290 * 4, bytes.getInt(table(0)));
        save();
        try (DiskImage image = Disks.open(disk, true)) {
            assertThat(image.size()).isEqualTo(SIZE);
        }
        assertThat(marked()).as("settled").isFalse();
        assertThat(check().findings()).isEmpty();
        Disks.same(Disks.read(disk), content);
        load();
        bytes.put(72, (byte) 1);
        bytes.putInt(table(0) + 300 * 4, 0x7F7F7F7F);
        save();
        try (DiskImage image = Disks.open(disk, true)) {
            image.write(ByteBuffer.wrap(new byte[] {1}), 0);
        }
        assertThat(marked()).as("damaged").isTrue();
        assertThat(repair().corruptions()).isZero();
        assertThat(marked()).as("repaired").isFalse();
    }

    private boolean marked() throws IOException {
        try (DiskImage image = Disks.open(disk, false)) {
            return image.dirty();
        }
    }
}
