package io.jimg.cli.process;

import io.jimg.Job;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Lets Ctrl-C cancel a job while it runs, and holds the process until the job has put away its half-written output and
 * the command has said so. The exit code is then the JVM's for the signal.
 */
public final class Interrupt {
    /** How long a command gets; one that hangs in a dead file system must not keep the process alive for ever. */
    private static final long PATIENCE_SECONDS = 10;

    /** Set once a signal ends the process: what its hook waits for. */
    private static volatile @Nullable CountDownLatch ending;

    private final Thread hook;

    /** Watches over {@code job} until {@link #end()}. */
    public Interrupt(Job<?> job) {
        hook = new Thread(() -> cancel(job), "jimg-interrupt");
        Runtime.getRuntime().addShutdownHook(hook);
    }

    /**
     * Called when the command has ended: where a signal ends the process, it does so now, with its own exit code, and
     * this call does not return.
     */
    public static void letSignalEndProcess() throws InterruptedException {
        CountDownLatch commandEnded = ending;
        if (commandEnded != null) {
            commandEnded.countDown();
            Thread.sleep(Long.MAX_VALUE);
        }
    }

    private static void cancel(Job<?> job) {
        CountDownLatch commandEnded = new CountDownLatch(1);
        ending = commandEnded;
        job.cancel();
        try {
            if (!commandEnded.await(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
                System.err.println("jimg: the output could not be removed in time");
            }
        } catch (InterruptedException ended) {
            Thread.currentThread().interrupt();
        }
    }

    /** The job has ended, one way or the other. */
    public void end() {
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException shuttingDown) {
            // The hook is running: it was the one who cancelled, and waits for the command to end.
        }
    }
}
