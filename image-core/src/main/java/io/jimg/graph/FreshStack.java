package io.jimg.graph;

import io.jimg.spi.Threads;
import java.io.IOException;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Calls that go on with a stack of their own. A request goes down a backing chain by one nested call a layer; where
 * chains are long, the caller's stack would not hold them all.
 */
final class FreshStack {
    /** Layers that share one stack: an eighth or less of what was seen to fit into the JVM's default of 1 MiB. */
    static final int LAYERS = 64;

    /** What is called. */
    @FunctionalInterface
    interface Call<T> {
        T run() throws IOException;
    }

    private FreshStack() {}

    /** Whether the layer at this depth, 1 being the topmost, is the first of those that share a stack. */
    static boolean beginsAt(int depth) {
        return depth > 1 && depth % LAYERS == 1;
    }

    /** Runs the call on another thread, while the caller waits; its failure is the caller's. */
    static <T> T call(Call<T> call) throws IOException {
        Outcome<T> outcome = new Outcome<>(call);
        Thread thread = new Thread(outcome, "jimg-chain");
        thread.setDaemon(true);
        thread.start();
        Threads.joinUninterruptibly(thread);
        return outcome.get();
    }

    private static final class Outcome<T> implements Runnable {
        private final Call<T> call;
        private @Nullable T result;
        private @Nullable Throwable failure;

        Outcome(Call<T> call) {
            this.call = call;
        }

        @Override
        public void run() {
            try {
                result = call.run();
            } catch (Throwable thrown) {
                failure = thrown;
            }
        }

        T get() throws IOException {
            Threads.rethrow(failure);
            return Objects.requireNonNull(result);
        }
    }
}
