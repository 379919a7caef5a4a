package io.jimg.qcow2.check;

import static org.assertj.core.api.Assertions.assertThat;

import io.jimg.DiskImage;
import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.capability.CheckFailedException;
import io.jimg.capability.CheckReport;
import io.jimg.capability.Repairable;
import io.jimg.qcow2.header.Header;
import io.jimg.qcow2.use.Opening;
import io.jimg.storage.FileStorage;
import io.jimg.storage.MemoryStorage;
import io.jimg.storage.Storage;
import io.jimg.testkit.QemuOracle;
import io.jimg.testkit.Tool;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Holds our repair against the real one: sentences, counts, what is left, and what a guest reads before and after. */
final class BothRepairs {
    private final QemuOracle oracle;
    private final Path folder;

    /** Images were repaired by the real tool without an error left. */
    int sound;

    /** Images that the real tool could not bring to that, and we could. */
    int better;

    BothRepairs(QemuOracle oracle, Path folder) {
        this.oracle = oracle;
        this.folder = folder;
    }

    /** What must be the same. */
    enum Likeness {
        /** Sentences, counts, and whether the image is sound afterwards. */
        WORDS,
        /** Whether the image is sound afterwards. */
        RESULT,
        /** What a guest reads, as always. */
        CONTENT
    }

    /** Repairs an image with both. */
    void agree(ImageBytes image, Repairable.Mode mode, Likeness likeness) throws IOException {
        byte @Nullable [] before = content(image.storage());
        Path theirs = image.save(folder.resolve("theirs.qcow2"));
        Tool.Result result =
                oracle.img("check", "-f", "qcow2", "-r", mode.name().toLowerCase(), "--output=json", theirs);
        boolean theyCould = !result.stdout().isEmpty();
        boolean theirsSound =
                theyCould && oracle.img("check", "-f", "qcow2", theirs).exitCode() == 0;

        MemoryStorage storage = image.storage();
        List<String> ours;
        try {
            ours = repair(storage, mode);
        } catch (CheckFailedException stopped) {
            assertThat(theyCould).as("we: %s%nthey: %s", stopped, result).isFalse();
            return;
        } catch (ImageException refused) {
            assertThat(theirsSound || (theyCould && refused.kind() != ErrorKind.LIMIT))
                    .as("we: %s%nthey: %s", refused, result)
                    .isFalse();
            return;
        }
        Path repaired = ImageBytes.of(storage).save(folder.resolve("ours.qcow2"));
        int left = oracle.img("check", "-f", "qcow2", repaired).exitCode();
        if (theirsSound && likeness != Likeness.CONTENT) {
            sound++;
            assertThat(left).as("%s%n%s", ours, result).isZero();
        } else if (left == 0) {
            better++;
        }
        byte @Nullable [] after = content(ImageBytes.of(storage).storage());
        if (before != null && (likeness != Likeness.CONTENT || theyCould)) {
            assertThat(after).as("%s", ours).isNotNull();
            assertThat(Arrays.equals(before, after) || Arrays.equals(content(FileStorage.open(theirs, false)), after))
                    .as("content: %s", ours)
                    .isTrue();
        }
        if (likeness == Likeness.WORDS && theyCould) {
            List<String> expected = BothChecks.describe(result);
            for (int i = 0; i < Math.min(ours.size(), expected.size()); i++) {
                assertThat(ours.get(i)).as("line %d of %s", i + 1, expected).isEqualTo(expected.get(i));
            }
            assertThat(ours).as("%s", result).hasSameSizeAs(expected);
        }
        if (theyCould) {
            assertThat(marks(storage) & ~marks(theirs))
                    .as("marks that they removed")
                    .isIn(0L, 1L);
        }
    }

    /** Repairs and checks as the real tool does, and describes both. */
    static List<String> repair(MemoryStorage storage, Repairable.Mode mode) throws IOException {
        CheckReport first = new Qcow2Repair(storage, mode).run();
        if (first.corruptionsFixed() + first.leaksFixed() == 0) {
            return BothChecks.describe(first);
        }
        Header header = DamagedHeader.read(storage);
        CheckReport second = new Qcow2Check(storage, header).run();
        List<CheckReport.Finding> findings = new ArrayList<>(first.findings());
        findings.addAll(second.findings());
        return BothChecks.describe(new CheckReport(
                findings,
                0,
                second.corruptions(),
                second.leaks(),
                second.checkErrors(),
                first.corruptionsFixed(),
                first.leaksFixed(),
                second.totalClusters(),
                second.allocatedClusters(),
                second.fragmentedClusters(),
                second.compressedClusters(),
                second.imageEndOffset()));
    }

    /** What a guest reads; null where it cannot. */
    static byte @Nullable [] content(Storage file) throws IOException {
        try (DiskImage image = Opening.readOnly().open(file)) {
            ByteBuffer bytes = ByteBuffer.allocate((int) image.size());
            image.read(bytes, 0);
            return bytes.array();
        } catch (ImageException unreadable) {
            return null;
        }
    }

    private static long marks(MemoryStorage storage) throws IOException {
        return DamagedHeader.read(storage).incompatible().bits() & 3;
    }

    private static long marks(Path file) throws IOException {
        try (FileStorage storage = FileStorage.open(file, false)) {
            return DamagedHeader.read(storage).incompatible().bits() & 3;
        }
    }
}
