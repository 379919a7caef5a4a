package io.jimg.qcow2.use;

import static org.assertj.core.api.Assertions.assertThat;

import io.jimg.BlockDevice;
import io.jimg.DiskImage;
import io.jimg.ZeroMode;
import io.jimg.capability.CheckReport;
import io.jimg.qcow2.check.Qcow2Check;
import io.jimg.qcow2.check.RefcountRebuild;
import io.jimg.qcow2.header.Header;
import io.jimg.qcow2.header.IncompatibleFeature;
import io.jimg.qcow2.image.Qcow2Opener;
import io.jimg.testkit.KeptStorage;
import io.jimg.testkit.ReorderingStorage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestReporter;

/**
 * Power is lost while several threads write, zero, discard and flush, each in bytes of its own that share sectors and
 * clusters with the others'. The system property {@code jimg.powerloss.concurrent} sets how many images are worked on.
 */
class ConcurrentPowerLossTest {
    private static final int SEEDS = Integer.getInteger("jimg.powerloss.concurrent", 8);
    private static final long FIRST = Long.getLong("jimg.powerloss.seed", 1);
    private static final int THREADS = 3;
    private static final int STEPS = 40;
    private static final double CHANCE = 0.04;

    @Test
    void leavesLeaksAtWorst(TestReporter reporter) throws Exception {
        int crashes = 0;
        for (long seed = FIRST; seed < FIRST + SEEDS; seed++) {
            Configuration configuration = Configuration.random(new Random(seed), true);
            try {
                crashes += new Run(configuration, seed).run();
            } catch (AssertionError | IOException failure) {
                throw new AssertionError("seed " + seed + ": " + configuration, failure);
            }
        }
        reporter.publishEntry("crash points", Integer.toString(crashes));
        assertThat(crashes).isGreaterThan(SEEDS);
    }

    /** What one byte of a thread's own may hold: what its last flush made durable, or what it tried to write since. */
    private static final class Possible {
        private final byte[] flushed;
        private final byte[] current;
        private final List<byte[]> since = new ArrayList<>();

        Possible(byte[] content) {
            flushed = content.clone();
            current = content.clone();
        }

        /** Before a write: from now on it may show. */
        synchronized void trying(int at, byte[] bytes, boolean maybe) {
            byte[] next = current.clone();
            System.arraycopy(bytes, 0, next, at, bytes.length);
            since.add(next);
            if (!maybe) {
                System.arraycopy(bytes, 0, current, at, bytes.length);
            }
        }

        synchronized void read(int at, byte[] bytes) {
            System.arraycopy(bytes, 0, current, at, bytes.length);
        }

        synchronized void durable() {
            System.arraycopy(current, 0, flushed, 0, current.length);
            since.clear();
        }

        synchronized void verify(byte[] left, int thread, int grain) {
            for (int i = 0; i < left.length; i++) {
                if (owner(i, grain) == thread && left[i] != flushed[i] && !written(left[i], i)) {
                    throw new AssertionError("byte " + i + " of thread " + thread + " is " + left[i] + "; flushed was "
                            + flushed[i] + ", and nothing since wrote that");
                }
            }
        }

        private boolean written(byte value, int at) {
            for (byte[] state : since) {
                if (state[at] == value) {
                    return true;
                }
            }
            return false;
        }
    }

    private static int owner(int offset, int grain) {
        return offset / grain % THREADS;
    }

    private static final class Run {
        private final long seed;
        private final Making making;
        private final int grain;
        private final Random chance;
        private final ReorderingStorage storage = new ReorderingStorage("disk");
        private final List<Possible> possible = new ArrayList<>();
        private int crashes;
        private boolean verifying;

        Run(Configuration configuration, long seed) throws IOException {
            this.seed = seed;
            this.making = new Making(configuration, seed);
            this.chance = new Random(seed);
            this.grain = new int[] {100, 700, 2048, 5000}[chance.nextInt(4)];
        }

        int run() throws Exception {
            making.make(storage);
            storage.flush();
            try (DiskImage image = making.open(new KeptStorage(storage))) {
                byte[] content = content(image);
                for (int i = 0; i < THREADS; i++) {
                    possible.add(new Possible(content));
                }
                storage.observe(number -> {
                    if (!verifying && chance.nextDouble() < CHANCE) {
                        crash();
                    }
                });
                inParallel(image);
                storage.observe(null);
            }
            return crashes;
        }

        private void inParallel(BlockDevice image) throws IOException, InterruptedException {
            ExecutorService threads = Executors.newFixedThreadPool(THREADS);
            try {
                List<Future<?>> results = new ArrayList<>();
                for (int i = 0; i < THREADS; i++) {
                    int thread = i;
                    results.add(threads.submit(() -> {
                        work(image, thread);
                        return null;
                    }));
                }
                for (Future<?> result : results) {
                    result.get();
                }
            } catch (ExecutionException failure) {
                if (failure.getCause() instanceof IOException io) {
                    throw io;
                }
                throw new AssertionError(failure.getCause());
            } finally {
                threads.shutdown();
            }
        }

        private void work(BlockDevice image, int thread) throws IOException {
            Random random = new Random(seed * THREADS + thread);
            Possible own = possible.get(thread);
            int size = (int) image.size();
            for (int step = 0; step < STEPS; step++) {
                int kind = random.nextInt(10);
                if (kind == 0) {
                    image.flush();
                    own.durable();
                    continue;
                }
                // Several grains of its own, one call each.
                int first = random.nextInt(size / grain + 1) / THREADS * THREADS + thread;
                for (int index = first; index < first + 4 * THREADS; index += THREADS) {
                    int start = index * grain;
                    int length = Math.min(grain, size - start);
                    if (length > 0) {
                        change(image, own, kind, start, length, random);
                    }
                }
            }
        }

        private static void change(BlockDevice image, Possible own, int kind, int start, int length, Random random)
                throws IOException {
            byte[] bytes = new byte[length];
            switch (kind) {
                case 1 -> {
                    own.trying(start, bytes, true);
                    image.discard(start, length);
                    ByteBuffer now = ByteBuffer.allocate(length);
                    image.read(now, start);
                    own.read(start, now.array());
                }
                case 2 -> {
                    own.trying(start, bytes, false);
                    image.writeZeroes(start, length, ZeroMode.MAY_UNMAP);
                }
                default -> {
                    random.nextBytes(bytes);
                    own.trying(start, bytes, false);
                    image.write(ByteBuffer.wrap(bytes), start);
                }
            }
        }

        /** Called with the storage at a standstill; the threads may be anywhere between its changes. */
        private void crash() throws IOException {
            crashes++;
            verifying = true;
            long crashSeed = chance.nextLong();
            try {
                soundStructure(storage.crash(crashSeed));
                try (DiskImage image = making.open(storage.crash(crashSeed))) {
                    byte[] left = content(image);
                    for (int i = 0; i < THREADS; i++) {
                        possible.get(i).verify(left, i, grain);
                    }
                }
            } finally {
                verifying = false;
            }
        }

        private static void soundStructure(ReorderingStorage left) throws IOException {
            Header header = Qcow2Opener.readHeader(left);
            if (header.incompatible().has(IncompatibleFeature.DIRTY)) {
                RefcountRebuild.run(left, header);
                header = Qcow2Opener.readHeader(left);
            }
            CheckReport report = new Qcow2Check(left, header).run();
            assertThat(report.corruptions() + report.checkErrors())
                    .as("%s", report.findings())
                    .isZero();
        }
    }

    private static byte[] content(BlockDevice image) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate((int) image.size());
        image.read(bytes, 0);
        return bytes.array();
    }
}
