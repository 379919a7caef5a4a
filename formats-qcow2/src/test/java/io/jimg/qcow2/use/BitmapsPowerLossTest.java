package io.jimg.qcow2.use;

import static org.assertj.core.api.Assertions.assertThat;

import io.jimg.DiskImage;
import io.jimg.ZeroMode;
import io.jimg.capability.Bitmaps;
import io.jimg.capability.CheckReport;
import io.jimg.qcow2.check.Qcow2Check;
import io.jimg.qcow2.image.Qcow2Opener;
import io.jimg.storage.Storage;
import io.jimg.testkit.KeptStorage;
import io.jimg.testkit.ReorderingStorage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.BitSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestReporter;

/**
 * Power is lost while bitmaps are changed and while they record. What is left is sound but for leaks, and a bitmap is
 * either inconsistent, as its recording was cut short, or says what it said before the step or what it says after it;
 * never that a range is clean which was changed. The system property {@code jimg.powerloss.bitmaps} sets how many
 * images are worked on, {@code jimg.powerloss.seed} the first.
 */
class BitmapsPowerLossTest {
    private static final int SEEDS = Integer.getInteger("jimg.powerloss.bitmaps", 25);
    private static final long FIRST = Long.getLong("jimg.powerloss.seed", 1);
    private static final int STEPS = 40;
    private static final double CHANCE = 0.2;

    private int crashes;
    private final Map<String, Integer> tally = new TreeMap<>();
    private int inconsistent;

    @Test
    void aBitmapIsRightOrInconsistent(TestReporter reporter) throws IOException {
        for (long seed = FIRST; seed < FIRST + SEEDS; seed++) {
            Random random = new Random(seed);
            Configuration configuration;
            do {
                configuration = Configuration.random(random, true);
            } while (configuration.create().contains("compat=v2")
                    || configuration.create().contains("lazy_refcounts=on"));
            try {
                new Run(configuration, seed, random).run();
            } catch (AssertionError | IOException | RuntimeException failure) {
                throw new AssertionError("seed " + seed + ": " + configuration, failure);
            }
        }
        reporter.publishEntry("crash points", crashes + " " + tally + ", inconsistent bitmaps found: " + inconsistent);
        assertThat(crashes).isGreaterThan(SEEDS);
        assertThat(inconsistent).isPositive();
    }

    /** An entry that begins where a sector ends has its table's place in one sector and its flags in the next. */
    @Test
    void anEntryInTwoSectorsIsNotTorn(TestReporter reporter) throws IOException {
        ReorderingStorage storage = new ReorderingStorage("disk");
        Configuration plain = new Configuration(
                "cluster_size=4096", "", 1 << 20, Configuration.Layer.NONE, false, Configuration.Start.EMPTY);
        Making making = new Making(plain, 1);
        making.make(storage);
        try (DiskImage image = making.open(new KeptStorage(storage))) {
            Bitmaps bitmaps = image.capability(Bitmaps.class).orElseThrow();
            bitmaps.add("x".repeat(480), 65536, false);
            bitmaps.add("recording", 65536, true);
            storage.flush();
            image.write(ByteBuffer.allocate(1), 100_000);
            int[] states = {0};
            storage.observe(number -> {
                for (int seed = 0; seed < 200; seed++) {
                    crashes++;
                    ReorderingStorage left = storage.crash(seed);
                    try (DiskImage reader = making.opening(false).open(new KeptStorage(left))) {
                        Bitmaps found = reader.capability(Bitmaps.class).orElseThrow();
                        if (!found.list().get(1).inconsistent()) {
                            states[0]++;
                            assertThat(BitmapModel.read(found.read("recording")).get(1))
                                    .isTrue();
                        }
                    }
                }
            });
            image.close();
            storage.observe(null);
            assertThat(states[0]).isPositive();
            reporter.publishEntry("crash points", crashes + ", inconsistent bitmaps found: " + (crashes - states[0]));
        }
    }

    private final class Run {
        final Making making;
        final ReorderingStorage storage = new ReorderingStorage("disk");
        final Random random;
        DiskImage image;

        /** What the bitmaps said, and what the guest held, when they were last brought to the file. */
        BitmapModel stored;

        byte[] storedContent;

        /** What they say now, the step under way left out. */
        BitmapModel now;

        /** What they say when the step under way is done. */
        BitmapModel next;

        boolean verifying;
        boolean writing;
        String step = "";

        /** The kind of step, for the tally. */
        String kind = "";

        Run(Configuration configuration, long seed, Random random) throws IOException {
            this.making = new Making(configuration, seed);
            making.make(storage);
            storage.flush();
            this.random = random;
            this.image = making.open(new KeptStorage(storage));
            this.now = new BitmapModel(image.size());
            this.next = now.copy();
            this.stored = now.copy();
            this.storedContent = content(image);
        }

        void run() throws IOException {
            storage.observe(number -> {
                if (!verifying && random.nextDouble() < CHANCE) {
                    crash();
                }
            });
            for (int i = 0; i < STEPS; i++) {
                step();
                now = next.copy();
            }
            step = "close";
            kind = "close";
            writing = false;
            image.close();
        }

        private void step() throws IOException {
            writing = false;
            switch (random.nextInt(6)) {
                case 0, 1, 2 -> {
                    BitmapModel.Edit edit = now.random(random);
                    step = edit.toString();
                    kind = edit.kind().toString();
                    edit.apply(next);
                    edit.apply(image.capability(Bitmaps.class).orElseThrow());
                    settled();
                }
                case 3 -> {
                    step = "reopen";
                    kind = "close";
                    image.close();
                    image = making.open(new KeptStorage(storage));
                    settled();
                }
                default -> write();
            }
        }

        private void settled() throws IOException {
            stored = next.copy();
            verifying = true;
            storedContent = content(image);
            verifying = false;
        }

        private void write() throws IOException {
            boolean discards = random.nextInt(4) == 0;
            // An encrypted image discards whole sectors alone, and records no more than that.
            int unit = discards ? 512 : 1;
            long offset = random.nextInt((int) image.size()) / unit * (long) unit;
            int length = (1 + random.nextInt((int) Math.min(image.size() - offset, 5000)) + unit - 1) / unit * unit;
            writing = true;
            kind = "write";
            step = "write " + offset + "+" + length;
            next.written(offset, length);
            if (discards) {
                image.discard(offset, length);
            } else if (random.nextInt(3) == 0) {
                image.writeZeroes(offset, length, ZeroMode.MAY_UNMAP);
            } else {
                byte[] bytes = new byte[length];
                Arrays.fill(bytes, (byte) (1 + random.nextInt(255)));
                image.write(ByteBuffer.wrap(bytes), offset);
            }
            if (random.nextInt(3) == 0) {
                image.flush();
            }
        }

        private void crash() throws IOException {
            crashes++;
            tally.merge(kind, 1, Integer::sum);
            verifying = true;
            long seed = random.nextLong();
            try {
                verify(storage.crash(seed));
            } catch (AssertionError | IOException | RuntimeException failure) {
                throw new AssertionError("crash " + crashes + " in " + step, failure);
            } finally {
                verifying = false;
            }
        }

        private void verify(ReorderingStorage left) throws IOException {
            noWorseThanLeaks(left);
            List<Bitmaps.Bitmap> found;
            try (DiskImage reader = making.opening(false).open(new KeptStorage(left))) {
                byte[] content = content(reader);
                Bitmaps bitmaps = reader.capability(Bitmaps.class).orElseThrow();
                found = bitmaps.list();
                verifyNames(found);
                for (Bitmaps.Bitmap each : found) {
                    verify(each, bitmaps, content);
                }
            }
            // Whoever opens it next writes on: what is consistent stays right, what is inconsistent stays that.
            Map<String, BitSet> before = new HashMap<>();
            try (DiskImage writer = making.open(new KeptStorage(left))) {
                Bitmaps bitmaps = writer.capability(Bitmaps.class).orElseThrow();
                for (Bitmaps.Bitmap each : found) {
                    if (!each.inconsistent()) {
                        before.put(each.name(), BitmapModel.read(bitmaps.read(each.name())));
                    }
                }
                writer.write(ByteBuffer.wrap(new byte[] {1, 2, 3}), 0);
            }
            try (DiskImage reader = making.opening(false).open(new KeptStorage(left))) {
                Bitmaps bitmaps = reader.capability(Bitmaps.class).orElseThrow();
                assertThat(bitmaps.list()).isEqualTo(found);
                for (Bitmaps.Bitmap each : found) {
                    if (!each.inconsistent()) {
                        BitSet expected = before.get(each.name());
                        if (each.enabled()) {
                            expected.set(0);
                        }
                        assertThat(BitmapModel.read(bitmaps.read(each.name()))).isEqualTo(expected);
                    }
                }
            }
            noWorseThanLeaks(left);
        }

        private void verifyNames(List<Bitmaps.Bitmap> found) {
            Set<String> names = new HashSet<>();
            found.forEach(each -> assertThat(names.add(each.name())).isTrue());
            assertThat(List.of(now.entries.keySet(), next.entries.keySet())).contains(names);
        }

        private void verify(Bitmaps.Bitmap bitmap, Bitmaps bitmaps, byte[] content) throws IOException {
            String name = bitmap.name();
            if (bitmap.inconsistent()) {
                inconsistent++;
                // Only what was recording can have been cut short.
                assertThat(bitmap.enabled()).isTrue();
                return;
            }
            BitSet bits = BitmapModel.read(bitmaps.read(name));
            // A write that is under way may have reached the disk already: then what the bitmaps said before it is
            // wrong.
            boolean right = equals(next, name, bits) || (!writing && equals(now, name, bits));
            if (!right) {
                assertThat(equals(stored, name, bits))
                        .as("%s: %s, now %s", name, bits, now.entries)
                        .isTrue();
                assertThat(content)
                        .as("unrecorded changes of the guest's bytes")
                        .isEqualTo(storedContent);
            }
        }

        private boolean equals(BitmapModel model, String name, BitSet bits) {
            BitmapModel.Entry entry = model.entries.get(name);
            return entry != null && entry.dirty.equals(bits);
        }

        private byte[] content(DiskImage device) throws IOException {
            ByteBuffer bytes = ByteBuffer.allocate((int) device.size());
            device.read(bytes, 0);
            return bytes.array();
        }
    }

    private static void noWorseThanLeaks(Storage left) throws IOException {
        CheckReport report = new Qcow2Check(left, Qcow2Opener.readHeader(left)).run();
        assertThat(report.corruptions() + report.checkErrors())
                .as("%s", report.findings())
                .isZero();
    }
}
