package io.jimg.fuzz;

import com.sun.management.ThreadMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;

/**
 * Does something on this thread and sees to it that it stays within bounds of processor time and memory, and that it
 * fails, if it fails, with an {@link IOException}.
 */
final class Bounds {
    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    private static final long SECOND = 1_000_000_000L;

    /**
     * What a second of processor time may allocate besides: the iterations that derive a LUKS key leave garbage, as
     * many as the header has, and the time that they may take bounds them. The heap's size bounds what is held.
     */
    private static final long GARBAGE_A_SECOND = 4L << 30;

    private Bounds() {}

    /** Something that may fail. */
    interface Step {
        /** Does it. */
        void run() throws IOException;
    }

    /**
     * Does a whole run, and once more where a bound was not kept: classes that are loaded, instrumented and compiled on
     * the way cost time and memory, too, and do so only once.
     */
    static void run(Runnable body) {
        try {
            body.run();
        } catch (BrokenPromise.Bound perhapsLoading) {
            body.run();
        }
    }

    /**
     * Does one step.
     *
     * @param name for the finding
     * @param seconds of processor time that it may take
     * @param mebibytes that it may allocate, all in all, beyond {@link #GARBAGE_A_SECOND}
     * @return whether it did not fail
     */
    static boolean within(String name, int seconds, int mebibytes, Step step) {
        long time = THREADS.getCurrentThreadCpuTime();
        long memory = THREADS.getCurrentThreadAllocatedBytes();
        boolean done = true;
        try {
            step.run();
        } catch (IOException refused) {
            if (refused.getMessage() == null || refused.getMessage().isBlank()) {
                throw new BrokenPromise(name + " fails without a sentence: " + refused);
            }
            done = false;
        }
        long used = THREADS.getCurrentThreadCpuTime() - time;
        if (used > seconds * SECOND) {
            throw new BrokenPromise.Bound(name + " took " + used / (SECOND / 1000) + " ms of processor time");
        }
        long allocated = THREADS.getCurrentThreadAllocatedBytes() - memory;
        if (allocated > ((long) mebibytes << 20) + (double) used / SECOND * GARBAGE_A_SECOND) {
            throw new BrokenPromise.Bound(name + " allocated " + (allocated >> 20) + " MiB");
        }
        return done;
    }
}
