package io.jimg.qcow2.check;

import static org.assertj.core.api.Assertions.assertThat;

import io.jimg.capability.CheckReport;
import io.jimg.capability.Repairable;
import io.jimg.storage.MemoryStorage;
import io.jimg.storage.Storage;
import io.jimg.testkit.QemuOracle;
import io.jimg.testkit.ReorderingStorage;
import io.jimg.testkit.Tool;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestReporter;
import org.junit.jupiter.api.io.TempDir;

/**
 * Power is lost at every step of the repair of every kind of damage: a second repair, ours or the real one, brings the
 * image to where the first would have, and what a guest could read it can read still. The system property
 * {@code jimg.repair.crashes} sets the states that are tried for each step; by default it is some of the steps.
 */
class RepairPowerLossTest {
    private static final int CRASHES = Integer.getInteger("jimg.repair.crashes", 0);
    private static final int JUDGED_BY_QEMU = 20;
    private static final long LARGEST_READ = 64 << 20;

    @TempDir
    Path folder;

    private int crashes;
    private int judged;

    @Test
    void aSecondRepairPutsRightWhatTheFirstLeft(TestReporter reporter) throws IOException {
        QemuOracle oracle = QemuOracle.assumeVersion(10);
        Random chance = new Random(1);
        for (DamagedImages.Damaged damaged : DamagedImages.make(oracle, folder)) {
            if (damaged.name().contains("longest refcount table")) {
                continue;
            }
            try {
                interrupt(oracle, damaged.image(), chance);
            } catch (AssertionError | RuntimeException | IOException failure) {
                throw new AssertionError(damaged.name(), failure);
            }
        }
        reporter.publishEntry("crash points", crashes + ", of which the real repair judged " + judged);
        assertThat(crashes).isGreaterThan(100);
    }

    private void interrupt(QemuOracle oracle, ImageBytes image, Random chance) throws IOException {
        MemoryStorage whole = image.storage();
        long left;
        try {
            new Qcow2Repair(whole, Repairable.Mode.ALL).run();
            left = errors(whole);
        } catch (IOException refused) {
            return;
        }
        List<byte @Nullable []> contents =
                Arrays.asList(BothRepairs.content(image.storage()), BothRepairs.content(whole));
        ReorderingStorage storage = new ReorderingStorage("disk");
        storage.write(ByteBuffer.wrap(image.bytes()), 0);
        storage.flush();
        storage.observe(number -> {
            int states = CRASHES > 0 ? CRASHES : chance.nextInt(6) == 0 ? 1 : 0;
            for (int i = 0; i < states; i++) {
                ReorderingStorage crashed = storage.crash(number * 1000 + i);
                crashes++;
                boolean judge = left == 0 && chance.nextInt(JUDGED_BY_QEMU) == 0;
                ImageBytes copy = judge ? bytes(crashed) : null;
                new Qcow2Repair(crashed, Repairable.Mode.ALL).run();
                assertThat(errors(crashed))
                        .as("errors left, power lost at step %d", number)
                        .isLessThanOrEqualTo(left);
                if (contents.get(0) != null) {
                    byte[] content = BothRepairs.content(crashed);
                    assertThat(contents.stream().anyMatch(known -> Arrays.equals(known, content)))
                            .as("content, power lost at step %d", number)
                            .isTrue();
                }
                if (copy != null) {
                    judge(oracle, copy, contents);
                }
            }
        });
        new Qcow2Repair(storage, Repairable.Mode.ALL).run();
    }

    private void judge(QemuOracle oracle, ImageBytes crashed, List<byte @Nullable []> contents) throws IOException {
        judged++;
        Path file = crashed.save(folder.resolve("crashed.qcow2"));
        Tool.Result result = oracle.img("check", "-f", "qcow2", "-r", "all", file);
        // It fails on some damage that was there before, and lets a file grow to wherever it says that a refcount block
        // is.
        if (result.exitCode() == 0 && Files.size(file) < LARGEST_READ && contents.get(0) != null) {
            byte[] content = BothRepairs.content(ImageBytes.read(file).storage());
            assertThat(contents.stream().anyMatch(known -> Arrays.equals(known, content)))
                    .as("content after the real repair")
                    .isTrue();
        }
    }

    private static long errors(Storage storage) throws IOException {
        CheckReport report = new Qcow2Check(storage, DamagedHeader.read(storage)).run();
        return report.corruptions() + report.checkErrors() + report.leaks();
    }

    private static ImageBytes bytes(Storage storage) throws IOException {
        MemoryStorage copy = new MemoryStorage("copy");
        ByteBuffer bytes = ByteBuffer.allocate((int) storage.size());
        storage.read(bytes, 0);
        copy.write(bytes.flip(), 0);
        return ImageBytes.of(copy);
    }
}
