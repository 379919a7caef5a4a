package io.jimg.vmm.virtio;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.jspecify.annotations.Nullable;

/**
 * A queue of a {@link VirtioBlk}. {@link #process} serves what the driver made available; the monitor calls it when the
 * driver notifies the queue, on whatever thread it likes, several at once too: each takes one request after the other,
 * and they complete in any order. Safe for many threads.
 */
public final class VirtioBlkQueue {
    private static final int HEADER = 16;

    /** How long a completed request may wait for its interrupt, so that one serves several. */
    private static final long LONGEST_DELAY_NANOSECONDS = 50_000;

    /** A disk whose requests take longer has several of them at once, and no completion waits for another request. */
    private static final long SLOW_NANOSECONDS = 25_000;

    private final VirtioBlk device;
    private final SplitQueue queue;
    private final Runnable interrupt;
    private volatile Runnable helpers = () -> {};

    /** How long a request takes, roughly: threads overwrite each other's values. */
    private volatile long averageNanoseconds;

    // All below: under this object's lock.
    private int active;
    private boolean stopped;
    private @Nullable MalformedQueueException broken;
    private boolean unsignalled;
    private long unsignalledSince;

    VirtioBlkQueue(VirtioBlk device, GuestMemory memory, QueueRings rings, int nextAvailable, Runnable interrupt) {
        this.device = device;
        this.queue = new SplitQueue(rings, memory, device.accepted(), nextAvailable);
        this.interrupt = interrupt;
        // Who served these rings before may have left without asking the driver for notifications.
        queue.allowNotifications();
    }

    /**
     * Serves requests until there are no more, and returns when those that this thread took are completed.
     *
     * @throws MalformedQueueException where the driver broke the rules of virtqueues: the queue serves nothing any
     *     more, the monitor sets DEVICE_NEEDS_RESET; what other threads have in hand is completed
     */
    public void process() throws MalformedQueueException {
        if (!enter()) {
            return;
        }
        try {
            @Nullable DescriptorChain chain = next();
            while (chain != null) {
                boolean slow = averageNanoseconds > SLOW_NANOSECONDS;
                if (slow && hasBacklog()) {
                    helpers.run();
                }
                long start = System.nanoTime();
                int written = serve(chain);
                long now = System.nanoTime();
                long average = averageNanoseconds;
                averageNanoseconds = average + (now - start - average) / 8;
                if (complete(chain, written, now, slow)) {
                    interrupt.run();
                }
                chain = next();
            }
        } catch (MalformedQueueException rules) {
            fail(rules);
        } catch (InternalError gone) {
            // The JVM's answer where mapped memory lost its file.
            fail(new MalformedQueueException("The guest's memory is gone: " + gone.getMessage()));
        } finally {
            leave();
        }
        synchronized (this) {
            if (broken != null) {
                throw broken;
            }
        }
    }

    /**
     * Has something called, by a thread in {@link #process}, when requests wait and the disk is so slow that other
     * threads should join in.
     */
    public void onBacklog(Runnable callback) {
        helpers = callback;
    }

    private synchronized boolean hasBacklog() {
        return !stopped && broken == null && queue.hasMore();
    }

    /**
     * Takes no more requests, and waits for those that were taken.
     *
     * @return the index of the next chain, with which the queue can be gone on with
     */
    public synchronized int stop() {
        stopped = true;
        boolean interrupted = false;
        while (active > 0) {
            try {
                wait();
            } catch (InterruptedException later) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
        return queue.nextAvailable();
    }

    private synchronized boolean enter() throws MalformedQueueException {
        if (broken != null) {
            throw broken;
        }
        if (stopped) {
            return false;
        }
        active++;
        queue.suppressNotifications();
        return true;
    }

    private void leave() {
        boolean raise;
        synchronized (this) {
            active--;
            raise = takeInterrupt();
            notifyAll();
        }
        if (raise) {
            interrupt.run();
        }
    }

    private synchronized void fail(MalformedQueueException rules) {
        if (broken == null) {
            broken = rules;
        }
    }

    /** The next chain; null where there is none, and the driver has been asked to notify of the next. */
    private @Nullable DescriptorChain next() throws MalformedQueueException {
        boolean raise;
        synchronized (this) {
            if (stopped || broken != null) {
                return null;
            }
            @Nullable DescriptorChain chain = queue.poll();
            if (chain != null) {
                return chain;
            }
            raise = takeInterrupt();
        }
        if (raise) {
            interrupt.run();
        }
        synchronized (this) {
            if (stopped || broken != null) {
                return null;
            }
            if (!queue.allowNotifications()) {
                return null;
            }
            queue.suppressNotifications();
            return queue.poll();
        }
    }

    /** Gives a chain back; true where it is time for an interrupt. */
    private synchronized boolean complete(DescriptorChain chain, int written, long now, boolean slow) {
        queue.complete(chain.head(), written);
        if (!unsignalled) {
            unsignalled = true;
            unsignalledSince = now;
        }
        return (slow || now - unsignalledSince > LONGEST_DELAY_NANOSECONDS) && takeInterrupt();
    }

    private boolean takeInterrupt() {
        if (!unsignalled) {
            return false;
        }
        unsignalled = false;
        return queue.wantsInterrupt();
    }

    /** Carries out what a chain asks for; returns how many bytes were written to the guest's memory. */
    private int serve(DescriptorChain chain) throws MalformedQueueException {
        ByteBuffer[] writable = chain.writable();
        if (writable.length == 0) {
            throw new MalformedQueueException("A request without a place for its status");
        }
        ByteBuffer last = writable[writable.length - 1];
        int statusPlace = last.limit() - 1;
        last.limit(statusPlace);
        ByteBuffer header = header(chain.readable());
        int type = header.getInt(0);
        boolean toGuest = type == VirtioBlkRequest.READ || type == VirtioBlkRequest.GET_ID;
        ByteBuffer[] data = filled(toGuest ? writable : chain.readable());
        VirtioBlkRequest request = new VirtioBlkRequest(type, header.getLong(8), data);
        long length = request.length();
        VirtioBlkStatus status = device.execute(request);
        boolean wrote = toGuest && status == VirtioBlkStatus.OK;
        int written = wrote ? (int) (length - request.length()) + 1 : 1;
        last.limit(statusPlace + 1).put(statusPlace, (byte) status.ordinal());
        return written;
    }

    /** Reads the header, which may be spread over several descriptors. */
    private static ByteBuffer header(ByteBuffer[] readable) throws MalformedQueueException {
        ByteBuffer header = ByteBuffer.allocate(HEADER).order(ByteOrder.LITTLE_ENDIAN);
        for (ByteBuffer each : readable) {
            while (each.hasRemaining() && header.hasRemaining()) {
                header.put(each.get());
            }
        }
        if (header.hasRemaining()) {
            throw new MalformedQueueException("A request without a whole header");
        }
        return header;
    }

    /** The buffers that have any bytes left. */
    private static ByteBuffer[] filled(ByteBuffer[] buffers) {
        int count = 0;
        for (ByteBuffer each : buffers) {
            if (each.hasRemaining()) {
                count++;
            }
        }
        ByteBuffer[] filled = new ByteBuffer[count];
        int at = 0;
        for (ByteBuffer each : buffers) {
            if (each.hasRemaining()) {
                filled[at++] = each;
            }
        }
        return filled;
    }
}
