package io.jimg.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.CleanupMode;
import org.junit.jupiter.api.io.TempDir;

/**
 * The whole tour that users of KVM make, step after step on the same images, by the real qemu-img and by ours: after
 * each step the output, the exit code and all images are compared.
 */
class TourTest {
    private static final List<String> STEPS = List.of(
            "create -f raw %/disk.raw 10M",
            "create -f qcow2 %/disk.qcow2 10M",
            "create -f qcow2 -o preallocation=metadata %/ready.qcow2 10M",
            "info %/disk.raw",
            "info %/disk.qcow2",
            "convert -f raw -O qcow2 @/holes.raw %/template.qcow2",
            "convert -f qcow2 -O raw %/template.qcow2 %/back.raw",
            "compare -f raw -F raw @/holes.raw %/back.raw",
            "compare %/template.qcow2 %/back.raw",
            "resize -f raw %/disk.raw +2G",
            "resize %/disk.qcow2 +2G",
            "info %/disk.raw",
            "info %/disk.qcow2",
            "check %/disk.qcow2",
            "create -f qcow2 -b template.qcow2 -F qcow2 %/clone.qcow2",
            "info --backing-chain %/clone.qcow2",
            "snapshot -c before-update %/template.qcow2",
            "snapshot -l %/template.qcow2",
            "bench -w -d 1 -c 4 -s 64k --pattern=7 %/template.qcow2",
            "snapshot -c after-update %/template.qcow2",
            "snapshot -a before-update %/template.qcow2",
            "compare %/template.qcow2 %/back.raw",
            "snapshot -d before-update %/template.qcow2",
            "snapshot -d after-update %/template.qcow2",
            "snapshot -l %/template.qcow2",
            "bench -w -d 1 -c 4 -s 64k -o 1M --pattern=9 %/clone.qcow2",
            "map %/clone.qcow2",
            "convert -O qcow2 %/template.qcow2 %/other.qcow2",
            "rebase -b other.qcow2 -F qcow2 %/clone.qcow2",
            "info %/clone.qcow2",
            "commit %/clone.qcow2",
            "check %/other.qcow2",
            "compare %/clone.qcow2 %/other.qcow2",
            "rebase -b  %/clone.qcow2",
            "convert -c -O qcow2 %/clone.qcow2 %/small.qcow2",
            "convert -O vmdk %/clone.qcow2 %/disk.vmdk",
            "compare %/small.qcow2 %/disk.vmdk",
            "measure -O qcow2 %/back.raw",
            "measure --output=json --size 10G -O qcow2",
            "dd bs=1M count=1 if=%/clone.qcow2 of=%/first.raw",
            "map --output=json %/small.qcow2",
            "check -r all %/clone.qcow2");

    @TempDir(cleanup = CleanupMode.ALWAYS)
    static Path folder;

    @Test
    void everyStepGoesAsWithQemuImg() throws IOException {
        SideBySide sideBySide = SideBySide.in(folder);
        for (String step : STEPS) {
            SideBySide.Pair pair = sideBySide.run(Stream.of(step.split(" ")).toList());
            assertThat(chanceLeftOut(pair.ours())).as("%s", step).isEqualTo(chanceLeftOut(pair.theirs()));
            assertThat(pair.ours().exitCode()).as("%s", step).isZero();
            sideBySide.compareOutputs();
        }
    }

    /** Without times, and without what files and images occupy, which is a matter of layout. */
    private static String chanceLeftOut(SideBySide.Run run) {
        return (run.exitCode() + "\n" + run.err() + run.out())
                .replaceAll("\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\d", "TIME")
                .replaceAll("(disk size|file length): .*", "$1");
    }
}
