package io.jimg.nbd;

import io.jimg.ErrorKind;
import io.jimg.ImageException;
import java.io.IOException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;

/**
 * An export that may be connected to anew. Where a connection is lost, its requests are made again on the next, for as
 * long as whoever opened it is willing to wait; after that, and at once where that is no time at all, all requests
 * fail.
 */
final class Session implements AutoCloseable {
    private static final long PAUSE_NANOSECONDS = TimeUnit.MILLISECONDS.toNanos(100);

    private final Target target;
    private final long patienceNanoseconds;
    private final ReentrantLock reconnecting = new ReentrantLock();
    private volatile NbdClient client;
    private volatile boolean closed;
    private boolean givenUp;

    /**
     * Connects.
     *
     * @param openSeconds for how long a connection that fails is tried again
     * @param reconnectSeconds for how long requests wait after a connection was lost
     */
    Session(Target target, long openSeconds, long reconnectSeconds) throws IOException {
        this.target = target;
        this.patienceNanoseconds = TimeUnit.SECONDS.toNanos(reconnectSeconds);
        this.client = connect(TimeUnit.SECONDS.toNanos(openSeconds));
    }

    /** Something asked of the export that may be asked again. */
    @FunctionalInterface
    interface Request<T> {
        T on(NbdClient client) throws IOException;
    }

    /** As {@link Request}, without an answer. */
    @FunctionalInterface
    interface Action {
        void on(NbdClient client) throws IOException;
    }

    ExportInfo info() {
        return client.info();
    }

    <T> T ask(Request<T> request) throws IOException {
        while (true) {
            NbdClient used = client;
            try {
                return request.on(used);
            } catch (ConnectionLostException lost) {
                if (patienceNanoseconds == 0) {
                    throw lost;
                }
                reconnect(used, lost);
            }
        }
    }

    void order(Action action) throws IOException {
        ask(client -> {
            action.on(client);
            return Boolean.TRUE;
        });
    }

    private void reconnect(NbdClient used, ConnectionLostException lost) throws IOException {
        reconnecting.lock();
        try {
            if (client != used) {
                return;
            }
            if (givenUp || closed) {
                throw lost;
            }
            NbdClient next;
            try {
                next = connect(patienceNanoseconds);
            } catch (IOException failed) {
                givenUp = true;
                lost.addSuppressed(failed);
                throw lost;
            }
            if (next.info().size() != used.info().size()
                    || next.info().flags() != used.info().flags()
                    || !next.info().blockSizes().equals(used.info().blockSizes())) {
                givenUp = true;
                next.close();
                throw new ImageException(
                        ErrorKind.IO, "Server changed the export while it was away", target.url(), 0, lost);
            }
            used.close();
            client = next;
        } finally {
            reconnecting.unlock();
        }
    }

    private NbdClient connect(long patience) throws IOException {
        long deadline = System.nanoTime() + patience;
        while (true) {
            try {
                return NbdClient.connect(target);
            } catch (IOException failed) {
                if (closed || System.nanoTime() - deadline >= 0) {
                    throw failed;
                }
                pause();
            }
        }
    }

    /** An interrupt would end each pause at once, so it is put off. */
    private static void pause() {
        boolean interrupted = Thread.interrupted();
        LockSupport.parkNanos(PAUSE_NANOSECONDS);
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public void close() {
        closed = true;
        client.close();
    }
}
