package io.jimg.cli.io;

import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/**
 * Requests that commands have sent off without waiting for their end. What there is to say of them is said by the
 * thread that runs the commands, when it looks: see {@link #report} and {@link #finish}.
 */
final class AioQueue {
    /**
     * How long a request that is sent off may delay the next command, in milliseconds: one that nothing holds up is
     * over by then, so that requests to the same bytes have their order.
     */
    private static final int HEAD_START = 20;

    private final BlockingQueue<Runnable> ended = new LinkedBlockingQueue<>();
    private int pending;

    private record Note(Runnable saying) implements Runnable {
        @Override
        public void run() {
            saying.run();
        }
    }

    /** A request. */
    @FunctionalInterface
    interface Request {
        /** Does it, and answers what says so. */
        Runnable run();
    }

    /** Sends a request off. */
    void send(Request request) throws InterruptedException {
        CountDownLatch over = new CountDownLatch(1);
        pending++;
        Thread thread = new Thread(
                () -> {
                    ended.add(request.run());
                    over.countDown();
                },
                "jimg-aio");
        thread.setDaemon(true);
        thread.start();
        over.await(HEAD_START, TimeUnit.MILLISECONDS);
    }

    /** Keeps something to say that is no request's end. */
    void note(Runnable saying) {
        ended.add(new Note(saying));
    }

    /** Says what there is to say of the requests that are over. */
    void report() {
        Runnable next;
        while ((next = ended.poll()) != null) {
            say(next);
        }
    }

    private void say(Runnable next) {
        pending -= next instanceof Note ? 0 : 1;
        next.run();
    }

    /** Waits for all requests and says what there is to say of them. */
    void finish() throws InterruptedException {
        while (pending > 0) {
            say(ended.take());
        }
    }
}
