package io.jimg.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import io.jimg.BlockDevice;
import java.io.IOException;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Random;

/**
 * Loses power while a device works, over and over: at changes of its storage chosen by chance, inside and between the
 * device's operations, on one of the states that {@link ReorderingStorage} may leave. Each state is opened and must
 * hold what was flushed; what was done since may be there or not, byte by byte, in any mixture. Then it is written on,
 * as its user would do, and must still be sound.
 */
public final class PowerLoss {
    private static final int STEPS_AFTERWARDS = 6;

    private final Subject subject;
    private final Random random;
    private final double chance;

    /** What {@link #run} lost power on. */
    private int crashes;

    /** The last steps, for the message of a failure. */
    private final List<Step> history = new ArrayList<>();

    /** The guest's bytes at the last flush that ended. */
    private byte[] flushed = new byte[0];

    /** Changes since that flush began, the one that is under way included. */
    private final List<Change> since = new ArrayList<>();

    private boolean verifying;

    private PowerLoss(Subject subject, Random random, double chance) {
        this.subject = subject;
        this.random = random;
        this.chance = chance;
    }

    /** What loses its power. */
    public interface Subject {

        /**
         * Makes an image in an empty storage, which the device owns from then on, and opens it for writing; of a few
         * hundred KiB.
         */
        BlockDevice create(ReorderingStorage storage) throws IOException;

        /** Opens for writing what was left; the device owns the storage. */
        BlockDevice open(ReorderingStorage storage) throws IOException;

        /**
         * Demands that what was left is sound: clean, or at worst with leaks; marked dirty, whatever repairs to that.
         *
         * @param storage a copy that this may change
         * @param afterwards whether it was opened, written and closed since
         */
        void check(ReorderingStorage storage, boolean afterwards) throws IOException;
    }

    /**
     * Does steps to a new image, and loses power.
     *
     * @param seed decides everything
     * @param steps how many steps are done
     * @param chance how likely power is lost at each change of the storage: between 0 and 1
     * @return how often power was lost
     */
    public static int run(Subject subject, long seed, int steps, double chance) throws IOException {
        return new PowerLoss(subject, new Random(seed), chance).run(seed, steps);
    }

    private int run(long seed, int steps) throws IOException {
        ReorderingStorage storage = new ReorderingStorage("disk");
        try (BlockDevice device = subject.create(storage)) {
            device.flush();
            flushed = ExpectedContent.read(device, 0, Math.toIntExact(device.size()));
            ExpectedContent now = new ExpectedContent(flushed);
            storage.observe(number -> {
                if (!verifying && random.nextDouble() < chance) {
                    crash(storage);
                }
            });
            for (int i = 0; i < steps; i++) {
                Step step = Step.random(random).within(flushed.length);
                history.add(step);
                if (step.kind() == Step.Kind.FLUSH
                        || step.kind() == Step.Kind.REOPEN
                        || step.kind() == Step.Kind.WRITE_FUA) {
                    flush(device, now, step);
                } else {
                    since.add(Change.of(step));
                    now.apply(step, device);
                }
            }
            storage.observe(null);
            now.verifyAll(device);
        } catch (AssertionError | IOException | RuntimeException failure) {
            throw new AssertionError(
                    "power loss with seed " + seed + " after " + history.size() + " steps, the last of which are "
                            + history.subList(Math.max(0, history.size() - 12), history.size()),
                    failure);
        }
        return crashes;
    }

    /** A flush, or a write that must be durable; either makes all the changes before it part of what must survive. */
    private void flush(BlockDevice device, ExpectedContent now, Step step) throws IOException {
        if (step.kind() == Step.Kind.WRITE_FUA) {
            since.add(Change.of(step));
            now.apply(step, device);
            // Nothing is promised of what went before it.
            System.arraycopy(now.bytes(), (int) step.offset(), flushed, (int) step.offset(), step.length());
        } else {
            device.flush();
            flushed = now.bytes().clone();
            since.clear();
        }
    }

    private void crash(ReorderingStorage storage) throws IOException {
        crashes++;
        verifying = true;
        long seed = random.nextLong();
        try {
            subject.check(storage.crash(seed), false);
            ReorderingStorage left = storage.crash(seed);
            ExpectedContent content;
            try (BlockDevice device = subject.open(left)) {
                content = new ExpectedContent(ExpectedContent.read(device, 0, flushed.length));
                verify(content.bytes());
                for (int i = 0; i < STEPS_AFTERWARDS; i++) {
                    Step step = Step.random(random);
                    content.apply(step.kind() == Step.Kind.REOPEN ? step.as(Step.Kind.FLUSH) : step, device);
                }
                content.verifyAll(device);
            }
            subject.check(left.reopen().crash(seed), true);
        } catch (AssertionError | IOException | RuntimeException failure) {
            throw new AssertionError(
                    "crash " + crashes + " with seed " + seed + ", " + storage.unflushedSectors()
                            + " sectors not flushed, since the flush: " + since,
                    failure);
        } finally {
            verifying = false;
        }
    }

    /** Every byte is what was flushed, or what a change since would have made of it. */
    private void verify(byte[] left) {
        assertThat(left).hasSameSizeAs(flushed);
        BitSet strange = new BitSet(left.length);
        for (int i = 0; i < left.length; i++) {
            if (left[i] != flushed[i]) {
                strange.set(i);
            }
        }
        for (int n = since.size() - 1; n >= 0 && !strange.isEmpty(); n--) {
            Change change = since.get(n);
            int start = (int) change.step().offset();
            int end = start + change.bytes().length;
            for (int i = strange.nextSetBit(start); i >= 0 && i < end; i = strange.nextSetBit(i + 1)) {
                if (change.bytes()[i - start] == left[i]) {
                    strange.clear(i);
                }
            }
        }
        int first = strange.nextSetBit(0);
        if (first >= 0) {
            throw new AssertionError("byte " + first + " is " + left[first] + "; flushed was " + flushed[first]
                    + ", and nothing since wrote that");
        }
    }

    /** A step that may have changed the device, and what it would have made of its range. */
    private record Change(Step step, byte[] bytes) {
        static Change of(Step step) {
            return new Change(
                    step,
                    switch (step.kind()) {
                        case WRITE, WRITE_FUA, WRITE_VECTORED -> step.bytes();
                        case ZERO, ZERO_KEEP, ZERO_FAST, DISCARD -> new byte[step.length()];
                        case READ, FLUSH, REOPEN -> new byte[0];
                    });
        }

        @Override
        public String toString() {
            return step.toString();
        }
    }
}
