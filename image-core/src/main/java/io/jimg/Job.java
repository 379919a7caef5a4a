package io.jimg;

import java.io.IOException;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * A long operation: progress, cancel, a typed result. A job runs once, on the thread that calls {@link #run()}; every
 * other method may be called from any thread at any time.
 *
 * @param <T> the result
 */
public abstract class Job<T> {

    /** Is told how far a job has come. Called on the job's threads, one call at a time; must return soon. */
    @FunctionalInterface
    public interface ProgressListener {
        /**
         * A step was made.
         *
         * @param done work done, in a unit of the job's choice, from 0 to {@code total}
         * @param total all work, greater than zero
         */
        void progressed(long done, long total);
    }

    private final AtomicBoolean started = new AtomicBoolean();
    private volatile boolean cancelled;
    private volatile ProgressListener listener = (done, total) -> {};

    /** For operations. */
    protected Job() {}

    /** Sets who is told of progress. */
    public final Job<T> onProgress(ProgressListener newListener) {
        listener = newListener;
        return this;
    }

    /**
     * Does the work.
     *
     * @throws ImageException {@link ErrorKind#CANCELLED} after {@link #cancel()}
     * @throws IllegalStateException if the job ran before
     */
    public final T run() throws IOException {
        if (!started.compareAndSet(false, true)) {
            throw new IllegalStateException("a job runs once");
        }
        return execute();
    }

    /** Asks the job to stop soon; what it has done to an output of its own is undone as its class says. */
    public final void cancel() {
        cancelled = true;
    }

    /** The work itself. */
    protected abstract T execute() throws IOException;

    /** Tells the listener. */
    protected final void progress(long done, long total) {
        listener.progressed(done, total);
    }

    /** Whether {@link #cancel()} was called. */
    protected final boolean cancelled() {
        return cancelled;
    }

    /** Throws where {@link #cancel()} was called. */
    protected final void checkCancelled() throws ImageException {
        if (cancelled) {
            throw new ImageException(ErrorKind.CANCELLED, "The operation was cancelled");
        }
    }
}
