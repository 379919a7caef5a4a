package io.jimg.qcow2.check;

import static org.assertj.core.api.Assertions.assertThat;

import io.jimg.ImageException;
import io.jimg.capability.CheckReport;
import io.jimg.storage.MemoryStorage;
import io.jimg.testkit.QemuOracle;
import io.jimg.testkit.Tool;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Holds our check against the real one: sentences, their order, counts and totals. */
final class BothChecks {
    /** What the real tool appends to a warning on opening, without a line's end. */
    private static final String HINT = "Some clusters may be leaked, run 'qemu-img check -r' on the image file to fix.";

    private BothChecks() {}

    /** Checks an image with both and expects the same, refusals included. */
    static void agree(QemuOracle oracle, ImageBytes image, Path file) throws IOException {
        Tool.Result theirs = oracle.img("check", "-f", "qcow2", "--output=json", image.save(file));
        List<String> ours;
        try {
            MemoryStorage storage = image.storage();
            ours = describe(new Qcow2Check(storage, DamagedHeader.read(storage)).run());
        } catch (ImageException refused) {
            assertThat(theirs.stdout()).as("we: %s%nthey: %s", refused, theirs).isEmpty();
            return;
        }
        if (theirs.exitCode() == 1 && !theirs.stderr().contains("Can't get refcount")) {
            // It gives up at a table whose offset has bit 63 set; we tell of it and go on.
            assertThat(ours).doesNotContain("corruptions 0");
            return;
        }
        List<String> expected = describe(theirs);
        if (theirs.stderr().contains("Can't get refcount")) {
            // It compares COPIED flags up to the first refcount that it cannot read, we compare none.
            expected.removeIf(line -> line.contains("OFLAG_COPIED") || line.startsWith("corruptions"));
            ours.removeIf(line -> line.startsWith("corruptions"));
        }
        if (image.get(60, 4) > 0) {
            // What several L1 tables refer to is told once for all of them, where the real check comes back to it.
            ours.sort(null);
            expected.sort(null);
        }
        for (int i = 0; i < Math.min(ours.size(), expected.size()); i++) {
            assertThat(ours.get(i)).as("line %d", i + 1).isEqualTo(expected.get(i));
        }
        assertThat(ours).as("%s", theirs).hasSameSizeAs(expected);
    }

    /** The sentences, then the figures. */
    static List<String> describe(CheckReport report) {
        List<String> lines = new ArrayList<>();
        report.findings()
                .forEach(finding -> lines.addAll(finding.sentence().lines().toList()));
        lines.add("corruptions " + report.corruptions());
        lines.add("leaks " + report.leaks());
        lines.add("check-errors " + report.checkErrors());
        lines.add("corruptions-fixed " + report.corruptionsFixed());
        lines.add("leaks-fixed " + report.leaksFixed());
        lines.add("total-clusters " + report.totalClusters());
        lines.add("allocated-clusters " + report.allocatedClusters());
        lines.add("fragmented-clusters " + report.fragmentedClusters());
        lines.add("compressed-clusters " + report.compressedClusters());
        lines.add("image-end-offset " + report.imageEndOffset());
        return lines;
    }

    /** The sentences, then the figures, of the real tool's JSON. */
    static List<String> describe(Tool.Result result) {
        List<String> lines = new ArrayList<>();
        result.stderr()
                .lines()
                .filter(line -> !line.startsWith("qemu-img: ") && !line.startsWith("qcow2_free_clusters failed: "))
                .map(line -> line.replace(HINT, ""))
                .forEach(lines::add);
        for (String key : List.of(
                "corruptions",
                "leaks",
                "check-errors",
                "corruptions-fixed",
                "leaks-fixed",
                "total-clusters",
                "allocated-clusters",
                "fragmented-clusters",
                "compressed-clusters",
                "image-end-offset")) {
            Matcher matcher = Pattern.compile('"' + key + "\": (\\d+)").matcher(result.stdout());
            lines.add(key + " " + (matcher.find() ? matcher.group(1) : "0"));
        }
        return lines;
    }
}
