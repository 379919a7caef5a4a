package io.jimg.spi;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** Work on other threads that a caller waits for as if it did it itself. */
public final class Threads {
    private Threads() {}

    /** Waits for a thread's end. An interrupt does not end the wait; the caller's flag is set again afterwards. */
    public static void joinUninterruptibly(Thread thread) {
        boolean interrupted = false;
        while (true) {
            try {
                thread.join();
                break;
            } catch (InterruptedException later) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    /**
     * Throws on what another thread has failed with.
     *
     * @param failure an {@link IOException}, {@link RuntimeException} or {@link Error}; null for none
     */
    public static void rethrow(@Nullable Throwable failure) throws IOException {
        if (failure instanceof IOException io) {
            throw io;
        }
        if (failure instanceof RuntimeException bug) {
            throw bug;
        }
        if (failure instanceof Error error) {
            throw error;
        }
    }
}
