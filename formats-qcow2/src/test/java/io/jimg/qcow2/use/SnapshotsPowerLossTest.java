package io.jimg.qcow2.use;

import static org.assertj.core.api.Assertions.assertThat;

import io.jimg.BlockDevice;
import io.jimg.DiskImage;
import io.jimg.capability.CheckReport;
import io.jimg.capability.Snapshots;
import io.jimg.qcow2.check.Qcow2Check;
import io.jimg.qcow2.image.Qcow2Opener;
import io.jimg.testdata.GoldenImage;
import io.jimg.testdata.GoldenImages;
import io.jimg.testkit.KeptStorage;
import io.jimg.testkit.PowerLoss;
import io.jimg.testkit.ReorderingStorage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import org.junit.jupiter.api.TestReporter;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Power is lost while an image is written whose clusters its snapshots share; these stay what they were. */
class SnapshotsPowerLossTest {
    private static final int SEEDS = Integer.getInteger("jimg.powerloss.snapshots", 3);
    private static final long FIRST = Long.getLong("jimg.powerloss.seed", 1);

    @TempDir
    Path folder;

    @ParameterizedTest
    @ValueSource(strings = {"snapshots@1", "snapshots-v2@1", "snapshots-512@2", "snapshots-extl2@1"})
    void snapshotsStay(String name, TestReporter reporter) throws IOException {
        GoldenImage golden = GoldenImages.named(name);
        byte[] file = Files.readAllBytes(golden.copyTo(folder));
        int crashes = 0;
        for (long seed = FIRST; seed < FIRST + SEEDS; seed++) {
            crashes += PowerLoss.run(new Subject(golden, file), seed, 30, 0.1);
        }
        reporter.publishEntry("crash points", Integer.toString(crashes));
    }

    private record Subject(GoldenImage golden, byte[] file) implements PowerLoss.Subject {
        @Override
        public BlockDevice create(ReorderingStorage storage) throws IOException {
            storage.write(ByteBuffer.wrap(file), 0);
            storage.flush();
            return open(storage);
        }

        @Override
        public BlockDevice open(ReorderingStorage storage) throws IOException {
            return Opening.forWriting().open(storage);
        }

        @Override
        public void check(ReorderingStorage storage, boolean afterwards) throws IOException {
            CheckReport report = new Qcow2Check(storage, Qcow2Opener.readHeader(storage)).run();
            assertThat(report.corruptions() + report.checkErrors())
                    .as("%s", report.findings())
                    .isZero();
            try (DiskImage image = Opening.readOnly().open(new KeptStorage(storage));
                    DiskImage snapshot = image.capability(Snapshots.class)
                            .orElseThrow()
                            .open(golden.snapshotId().orElseThrow())) {
                ByteBuffer bytes = ByteBuffer.allocate((int) snapshot.size());
                snapshot.read(bytes, 0);
                byte[] digest = MessageDigest.getInstance("SHA-256").digest(bytes.array());
                assertThat(HexFormat.of().formatHex(digest))
                        .isEqualTo(golden.sha256().orElseThrow());
            } catch (NoSuchAlgorithmException impossible) {
                throw new AssertionError(impossible);
            }
        }
    }
}
