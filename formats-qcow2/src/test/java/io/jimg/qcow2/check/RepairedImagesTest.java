package io.jimg.qcow2.check;

import static org.assertj.core.api.Assertions.assertThat;

import io.jimg.capability.Repairable;
import io.jimg.qcow2.header.AutoclearFeature;
import io.jimg.qcow2.header.HeaderFields;
import io.jimg.storage.FileStorage;
import io.jimg.testkit.QemuOracle;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/** Every kind of damage that the check knows is repaired as the real tool does it, word by word. */
class RepairedImagesTest {
    /** What ours does otherwise, and why. */
    private static final Map<String, String> OTHERWISE = Map.ofEntries(
            Map.entry(
                    "ALL: plain: an L1 table that is its own L2 table",
                    "the real repair fails at its own guard, ours leaves a table alone that a guest can read"),
            Map.entry(
                    "ALL: plain: data in the L2 table", "ours copies the table instead of changing what a guest reads"),
            Map.entry("ALL: plain: an L1 table that is too long", "the same"),
            Map.entry("ALL: plain: the header as refcount table", "how far a file may grow is the host's to say"),
            Map.entry(
                    "LEAKS: snapshots: long names",
                    "the real repair frees and discards the table that it goes on to read"),
            Map.entry("ALL: snapshots: long names", "the real tool puts the table elsewhere"),
            Map.entry("ALL: snapshots: far past the end", "the real repair leaves a leak"),
            Map.entry(
                    "LEAKS: bitmaps: a directory past the end",
                    "the real tool writes its bitmaps anew when it closes the image"),
            Map.entry("ALL: bitmaps: a directory past the end", "the same"),
            Map.entry("LEAKS: bitmaps: a table past the end", "the same"),
            Map.entry("ALL: bitmaps: a table past the end", "the same"),
            Map.entry("LEAKS: bitmaps: a cluster past the end", "the same"),
            Map.entry("ALL: bitmaps: a cluster past the end", "the same"));

    @TempDir
    Path folder;

    @TestFactory
    Stream<DynamicTest> eachDamage() throws IOException {
        QemuOracle oracle = QemuOracle.assumeVersion(10);
        BothRepairs both = new BothRepairs(oracle, folder);
        return DamagedImages.make(oracle, folder).stream()
                .flatMap(damaged -> Stream.of(Repairable.Mode.values()).map(mode -> {
                    String name = mode + ": " + damaged.name();
                    return DynamicTest.dynamicTest(
                            name,
                            () -> both.agree(
                                    damaged.image(),
                                    mode,
                                    OTHERWISE.containsKey(name)
                                            ? BothRepairs.Likeness.CONTENT
                                            : BothRepairs.Likeness.WORDS));
                }));
    }

    @Test
    void bitsOfFeaturesThatNobodyKeepsUpGoWhereNothingElseIsToRepair() throws IOException {
        QemuOracle oracle = QemuOracle.assumeVersion(10);
        Path ours = folder.resolve("ours");
        Path theirs = folder.resolve("theirs");
        oracle.img(
                        "create",
                        "-f",
                        "qcow2",
                        "-o",
                        "data_file=" + folder.resolve("data") + ",data_file_raw=on",
                        ours,
                        "1M")
                .expectExit(0);
        try (FileStorage file = FileStorage.open(ours, true)) {
            file.write(
                    ByteBuffer.allocate(Long.BYTES).putLong(0, 1L << 63 | AutoclearFeature.RAW_EXTERNAL_DATA.mask()),
                    HeaderFields.AUTOCLEAR_FEATURES);
        }
        Files.copy(ours, theirs);
        oracle.img("check", "-r", "all", theirs).expectExit(0);
        try (FileStorage file = FileStorage.open(ours, true)) {
            new Qcow2Repair(file, Repairable.Mode.ALL).run();
        }
        assertThat(autoclear(ours)).isEqualTo(autoclear(theirs)).isEqualTo(AutoclearFeature.RAW_EXTERNAL_DATA.mask());
    }

    private static long autoclear(Path image) throws IOException {
        return ByteBuffer.wrap(Files.readAllBytes(image)).getLong(HeaderFields.AUTOCLEAR_FEATURES);
    }
}
