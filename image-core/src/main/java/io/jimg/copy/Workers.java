package io.jimg.copy;

import io.jimg.spi.Threads;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The same work on several threads, of which the caller's is one, until all have ended; the first failure is the
 * caller's.
 */
public final class Workers {
    /** What each thread does. */
    @FunctionalInterface
    public interface Work {
        /** Does it. */
        void run() throws IOException;
    }

    private final Runnable stop;
    /** Guarded by this. */
    private @Nullable Throwable failure;

    /**
     * Workers for one {@link #run}.
     *
     * @param stop makes the other threads end their work; called by the thread that failed
     */
    public Workers(Runnable stop) {
        this.stop = stop;
    }

    /** As many threads as are of use for {@code parallel} requests. */
    public static int threads(int parallel) {
        return Math.max(1, Math.min(parallel, Runtime.getRuntime().availableProcessors()));
    }

    /** Does the work on {@code threads} threads. Returns or throws when none works on it any more. */
    public void run(int threads, Work work) throws IOException {
        List<Thread> helpers = new ArrayList<>();
        for (int i = 1; i < threads; i++) {
            Thread helper = new Thread(() -> guarded(work), "jimg-worker-" + i);
            helper.setDaemon(true);
            helper.start();
            helpers.add(helper);
        }
        guarded(work);
        helpers.forEach(Threads::joinUninterruptibly);
        rethrow();
    }

    private void guarded(Work work) {
        try {
            work.run();
        } catch (Throwable thrown) {
            synchronized (this) {
                if (failure == null) {
                    failure = thrown;
                }
            }
            stop.run();
        }
    }

    private synchronized void rethrow() throws IOException {
        Threads.rethrow(failure);
    }
}
