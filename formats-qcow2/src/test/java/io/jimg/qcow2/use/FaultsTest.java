package io.jimg.qcow2.use;

import static org.assertj.core.api.Assertions.assertThat;

import io.jimg.DiskImage;
import io.jimg.ZeroMode;
import io.jimg.capability.CheckReport;
import io.jimg.qcow2.check.Qcow2Check;
import io.jimg.qcow2.header.Header;
import io.jimg.qcow2.header.IncompatibleFeature;
import io.jimg.qcow2.image.Qcow2Opener;
import io.jimg.storage.MemoryStorage;
import io.jimg.testkit.FaultyStorage;
import io.jimg.testkit.FaultyStorage.Call;
import io.jimg.testkit.FaultyStorage.Fault;
import io.jimg.testkit.KeptStorage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.EnumSet;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

/**
 * Calls of the storage fail now and then. What did not fail reads back, what failed is anything, and the image is
 * sound: while it goes on, and after it was closed. The system property {@code jimg.faults.seeds} sets how many images
 * are used.
 */
class FaultsTest {
    private static final int SEEDS = Integer.getInteger("jimg.faults.seeds", 60);
    private static final long FIRST = Long.getLong("jimg.faults.seed", 1);
    private static final int STEPS = 60;
    private static final Set<Call> CALLS =
            EnumSet.of(Call.READ, Call.WRITE, Call.ZERO, Call.PUNCH, Call.TRUNCATE, Call.FLUSH);

    @Test
    void aFaultHurtsNothingElse() throws IOException {
        for (long seed = FIRST; seed < FIRST + SEEDS; seed++) {
            Configuration configuration = Configuration.random(new Random(seed), true);
            try {
                use(configuration, new Random(seed), seed);
            } catch (AssertionError | IOException | RuntimeException failure) {
                throw new AssertionError("seed " + seed + ": " + configuration, failure);
            } finally {
                // One of the faults is an interrupt, which no call may clear.
                Thread.interrupted();
            }
        }
    }

    private static void use(Configuration configuration, Random random, long seed) throws IOException {
        Making making = new Making(configuration, seed);
        MemoryStorage storage = new MemoryStorage("image");
        making.make(storage);
        FaultyStorage faulty = new FaultyStorage(new KeptStorage(storage));
        byte[] expected;
        boolean[] unknown;
        boolean healthy;
        DiskImage image = making.open(faulty);
        try {
            expected = new byte[(int) image.size()];
            unknown = new boolean[expected.length];
            image.read(ByteBuffer.wrap(expected), 0);
            for (int i = 0; i < STEPS; i++) {
                if (random.nextInt(3) == 0) {
                    Fault[] faults = Fault.values();
                    faulty.failNth(CALLS, 1 + random.nextInt(8), faults[random.nextInt(faults.length)]);
                }
                step(image, random, expected, unknown);
                if (random.nextInt(4) == 0) {
                    faulty.heal();
                }
            }
            faulty.heal();
            verify(image, expected, unknown);
            healthy = flushes(image);
        } finally {
            image.close();
        }
        assertThat(healthy).as("a flush without faults").isTrue();
        Header header = Qcow2Opener.readHeader(storage);
        CheckReport report = new Qcow2Check(storage, header).run();
        assertThat(header.incompatible().has(IncompatibleFeature.DIRTY)).isFalse();
        assertThat(report.corruptions() + report.checkErrors()).as("%s", report).isZero();
        try (DiskImage again = making.open(new KeptStorage(storage))) {
            verify(again, expected, unknown);
        }
    }

    private static void step(DiskImage image, Random random, byte[] expected, boolean[] unknown) {
        int start = random.nextInt(expected.length);
        int length = Math.min(expected.length - start, 1 + random.nextInt(random.nextInt(3) == 0 ? 60_000 : 3000));
        byte[] bytes = new byte[length];
        int kind = random.nextInt(8);
        try {
            switch (kind) {
                case 0 -> image.flush();
                case 1 -> image.writeZeroes(start, length, ZeroMode.MAY_UNMAP);
                case 2 -> image.writeZeroes(start, length, ZeroMode.KEEP_ALLOCATED);
                case 3 -> {
                    image.discard(start, length);
                    image.read(ByteBuffer.wrap(bytes), start);
                }
                default -> {
                    random.nextBytes(bytes);
                    image.write(ByteBuffer.wrap(bytes), start);
                }
            }
            if (kind == 3) {
                // What failed before may have become anything, and is read now.
                System.arraycopy(bytes, 0, expected, start, length);
                java.util.Arrays.fill(unknown, start, start + length, false);
            } else if (kind != 0) {
                System.arraycopy(bytes, 0, expected, start, length);
                java.util.Arrays.fill(unknown, start, start + length, false);
            }
        } catch (IOException failed) {
            if (kind != 0) {
                java.util.Arrays.fill(unknown, start, start + length, true);
            }
        }
    }

    private static boolean flushes(DiskImage image) throws IOException {
        image.flush();
        return true;
    }

    private static void verify(DiskImage image, byte[] expected, boolean[] unknown) throws IOException {
        byte[] read = new byte[expected.length];
        image.read(ByteBuffer.wrap(read), 0);
        for (int i = 0; i < read.length; i++) {
            if (!unknown[i] && read[i] != expected[i]) {
                throw new AssertionError("byte " + i + " is " + read[i] + " instead of " + expected[i]);
            }
        }
    }
}
