package io.jimg.cli.serve;

import java.util.concurrent.CountDownLatch;

/**
 * Lets a signal that would end the process (SIGTERM, SIGINT, SIGHUP) end a server in order: the process stays until the
 * program halts it with its own exit code.
 */
final class StopSignal implements AutoCloseable {
    private final CountDownLatch stop = new CountDownLatch(1);
    private final Thread hook = new Thread(this::hold, "jimg-stop-signal");

    /** Catches signals from now on. */
    StopSignal() {
        try {
            Runtime.getRuntime().addShutdownHook(hook);
        } catch (IllegalStateException shuttingDown) {
            stop.countDown();
        }
    }

    private void hold() {
        stop.countDown();
        try {
            Thread.sleep(Long.MAX_VALUE);
        } catch (InterruptedException ended) {
            Thread.currentThread().interrupt();
        }
    }

    /** Stops without a signal. */
    void stop() {
        stop.countDown();
    }

    /** Waits until it is time to stop. */
    void await() throws InterruptedException {
        stop.await();
    }

    /** Gives the signals back, where none has come. */
    @Override
    public void close() {
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException shuttingDown) {
            // A signal has come: the hook holds the process until the program halts it.
        }
    }
}
