package io.jimg.vmm.virtio;

import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * The device's side of a split virtqueue (VIRTIO 1.2, section 2.7). One thread at a time.
 *
 * <p>The driver works on the same memory at the same time. An aligned 16-bit field is read and written at once; fences
 * keep the order.
 */
final class SplitQueue {
    private static final int FLAGS = 0;
    private static final int INDEX = 2;
    private static final int RING = 4;
    private static final int NO_INTERRUPT = 1;
    private static final int NO_NOTIFY = 1;
    private static final int MASK = 0xffff;

    private final int size;
    private final ByteBuffer available;
    private final ByteBuffer used;
    private final ChainReader chains;
    private final boolean eventIndex;
    private int nextAvailable;
    private int nextUsed;

    /** The used index when the driver was last asked whether it wants an interrupt. */
    private int asked;

    private boolean everAsked;

    /**
     * A queue that goes on where it was left.
     *
     * @param features that were negotiated
     * @param nextAvailable index of the next chain, modulo 2<sup>16</sup>; the used ring says by itself where it ends
     */
    SplitQueue(QueueRings rings, GuestMemory memory, long features, int nextAvailable) {
        this.size = rings.size();
        this.available = rings.available();
        this.used = rings.used();
        this.chains = new ChainReader(rings, memory, (features & VirtioFeatures.RING_INDIRECT_DESC) != 0);
        this.eventIndex = (features & VirtioFeatures.RING_EVENT_IDX) != 0;
        this.nextAvailable = nextAvailable & MASK;
        this.nextUsed = Short.toUnsignedInt(used.getShort(INDEX));
    }

    /** The next chain; null where there is none. */
    @Nullable
    DescriptorChain poll() throws MalformedQueueException {
        int waiting = waiting();
        if (waiting == 0) {
            return null;
        }
        if (waiting > size) {
            throw new MalformedQueueException("The driver's index runs ahead by " + waiting + " of " + size);
        }
        // What the index tells of is there.
        VarHandle.acquireFence();
        int head = Short.toUnsignedInt(available.getShort(RING + 2 * (nextAvailable & (size - 1))));
        DescriptorChain chain = chains.read(head);
        nextAvailable = (nextAvailable + 1) & MASK;
        return chain;
    }

    /** Whether there is another chain. */
    boolean hasMore() {
        return waiting() != 0;
    }

    private int waiting() {
        return (Short.toUnsignedInt(available.getShort(INDEX)) - nextAvailable) & MASK;
    }

    /** Gives a chain back, with so many bytes written into it. */
    void complete(int head, int written) {
        int place = RING + 8 * (nextUsed & (size - 1));
        used.putInt(place, head);
        used.putInt(place + 4, written);
        // The entry is there before the index tells of it.
        VarHandle.releaseFence();
        nextUsed = (nextUsed + 1) & MASK;
        used.putShort(INDEX, (short) nextUsed);
    }

    /** Whether the driver wants to be interrupted for what was given back since the last question. */
    boolean wantsInterrupt() {
        if (everAsked && nextUsed == asked) {
            return false;
        }
        // The index is out before we look whether it is of interest, as the driver does it the other way round.
        VarHandle.fullFence();
        boolean wants;
        if (eventIndex) {
            int event = Short.toUnsignedInt(available.getShort(RING + 2 * size));
            wants = !everAsked || ((nextUsed - event - 1) & MASK) < ((nextUsed - asked) & MASK);
        } else {
            wants = (available.getShort(FLAGS) & NO_INTERRUPT) == 0;
        }
        asked = nextUsed;
        everAsked = true;
        return wants;
    }

    /** Tells the driver that the queue is being looked at anyway. */
    void suppressNotifications() {
        if (!eventIndex) {
            used.putShort(FLAGS, (short) NO_NOTIFY);
        }
    }

    /** Asks the driver for a notification of the next chain; true where there is one already. */
    boolean allowNotifications() {
        if (eventIndex) {
            used.putShort(RING + 8 * size, (short) nextAvailable);
        } else {
            used.putShort(FLAGS, (short) 0);
        }
        VarHandle.fullFence();
        return hasMore();
    }

    /** Index of the next chain that was not taken yet. */
    int nextAvailable() {
        return nextAvailable;
    }
}
