package io.jimg.vmm.vhost;

import io.jimg.host.ipc.EventDescriptor;
import io.jimg.host.ipc.EventWait;
import io.jimg.spi.Threads;
import io.jimg.vmm.virtio.MalformedQueueException;
import io.jimg.vmm.virtio.VirtioBlkQueue;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Semaphore;
import org.jspecify.annotations.Nullable;

/**
 * The threads that serve a running ring: one waits for the guest and serves; where the disk is slow, others join in, so
 * that it has several requests at once.
 */
final class RingWorker {
    /** How many requests of a ring a slow disk has at once. */
    private static final int MOST_HELPERS = 15;

    /** How often a ring is looked at whose front end gives no event. */
    private static final long POLL_NANOSECONDS = 200_000;

    private final VirtioBlkQueue queue;
    private final EventDescriptor kick;
    private final boolean polled;
    private final @Nullable EventDescriptor error;
    private final EventDescriptor end;
    private final Thread thread;
    private final List<Thread> helpers = new ArrayList<>();
    private final Semaphore wanted = new Semaphore(0);
    private int idleHelpers;
    private volatile boolean started;
    private volatile boolean ending;

    /**
     * Begins.
     *
     * @param kick by which the guest tells that there are requests; null for none, then the ring is polled
     * @param error by which the front end is told that the guest broke the rules
     * @param started whether the ring has been kicked before
     */
    RingWorker(
            VirtioBlkQueue queue,
            @Nullable EventDescriptor kick,
            @Nullable EventDescriptor error,
            boolean started,
            String name)
            throws IOException {
        this.queue = queue;
        this.error = error;
        this.started = started;
        this.end = EventDescriptor.create().orElseThrow();
        this.polled = kick == null;
        this.kick = kick == null ? end : kick;
        this.thread = new Thread(this::serve, name);
        thread.setDaemon(true);
        queue.onBacklog(this::help);
        thread.start();
    }

    private void serve() {
        EventWait wait = new EventWait(kick, end);
        try {
            if (started) {
                queue.process();
            }
            while (!ending) {
                boolean kicked = wait.await(polled ? POLL_NANOSECONDS : -1);
                if (ending) {
                    return;
                }
                if (kicked) {
                    kick.clear();
                }
                started = true;
                queue.process();
            }
        } catch (MalformedQueueException rules) {
            report();
        } catch (IOException closed) {
            throw new IllegalStateException("An event was closed while a ring used it", closed);
        }
    }

    /** Tells the front end that this ring is served no more. */
    private void report() {
        try {
            if (error != null) {
                error.signal();
            }
        } catch (IOException closed) {
            throw new IllegalStateException("An event was closed while a ring used it", closed);
        }
    }

    /** Lets another thread join in. */
    private void help() {
        synchronized (helpers) {
            if (wanted.availablePermits() > 0) {
                return;
            }
            if (idleHelpers == 0) {
                if (helpers.size() == MOST_HELPERS || ending) {
                    return;
                }
                Thread helper = new Thread(this::assist, thread.getName() + "-" + (helpers.size() + 1));
                helper.setDaemon(true);
                helpers.add(helper);
                helper.start();
            }
        }
        wanted.release();
    }

    private void assist() {
        while (!ending) {
            idle(1);
            wanted.acquireUninterruptibly();
            idle(-1);
            try {
                queue.process();
            } catch (MalformedQueueException rules) {
                report();
                return;
            }
        }
    }

    private void idle(int change) {
        synchronized (helpers) {
            idleHelpers += change;
        }
    }

    /** Whether the ring has been kicked. */
    boolean started() {
        return started;
    }

    /**
     * Takes no more requests, waits for those that were taken, and ends the threads.
     *
     * @return the index of the next request
     */
    int stop() throws IOException {
        ending = true;
        end.signal();
        int next = queue.stop();
        wanted.release(MOST_HELPERS);
        Threads.joinUninterruptibly(thread);
        List<Thread> all;
        synchronized (helpers) {
            all = List.copyOf(helpers);
        }
        all.forEach(Threads::joinUninterruptibly);
        end.close();
        return next;
    }
}
