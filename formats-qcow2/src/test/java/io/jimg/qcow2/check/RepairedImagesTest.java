package io.jimg.qcow2.check;

import io.jimg.capability.Repairable;
import io.jimg.testkit.QemuOracle;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
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
}
