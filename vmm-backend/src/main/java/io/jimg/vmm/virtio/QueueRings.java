package io.jimg.vmm.virtio;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * The three parts of a split virtqueue in the guest's memory (VIRTIO 1.2, section 2.7).
 *
 * @param size how many descriptors there are: a power of two, at most {@link #LARGEST}
 * @param descriptors the descriptor table
 * @param available the driver's ring
 * @param used the device's ring
 */
public record QueueRings(int size, ByteBuffer descriptors, ByteBuffer available, ByteBuffer used) {
    /** The largest queue (section 2.7). */
    public static final int LARGEST = 32768;

    /** Bytes of a descriptor. */
    static final int DESCRIPTOR = 16;

    /** Takes the parts' bytes between position and limit. */
    public QueueRings {
        if (!isSize(size)
                || descriptors.remaining() < descriptorBytes(size)
                || available.remaining() < availableBytes(size)
                || used.remaining() < usedBytes(size)) {
            throw new IllegalArgumentException("rings of other sizes than a queue of " + size + " has");
        }
        descriptors = descriptors.slice().order(ByteOrder.LITTLE_ENDIAN);
        available = available.slice().order(ByteOrder.LITTLE_ENDIAN);
        used = used.slice().order(ByteOrder.LITTLE_ENDIAN);
    }

    /**
     * The rings at the addresses that the driver chose.
     *
     * @throws MalformedQueueException where the size is no power of two, an address is not aligned as section 2.7
     *     demands, or a ring does not lie in one region of memory
     */
    public static QueueRings at(GuestMemory memory, int size, long descriptors, long available, long used)
            throws MalformedQueueException {
        requireSize(size);
        requireAligned(descriptors, available, used);
        return new QueueRings(
                size,
                SliceList.shared(memory, descriptors, descriptorBytes(size)),
                SliceList.shared(memory, available, availableBytes(size)),
                SliceList.shared(memory, used, usedBytes(size)));
    }

    /** Whether a queue can have that many descriptors. */
    public static boolean isSize(int size) {
        return size > 0 && size <= LARGEST && Integer.bitCount(size) == 1;
    }

    private static void requireSize(int size) throws MalformedQueueException {
        if (!isSize(size)) {
            throw new MalformedQueueException("A queue can't have " + size + " descriptors");
        }
    }

    private static void requireAligned(long descriptors, long available, long used) throws MalformedQueueException {
        if (descriptors % DESCRIPTOR != 0 || available % 2 != 0 || used % 4 != 0) {
            throw new MalformedQueueException("A ring's address is not aligned");
        }
    }

    private static int descriptorBytes(int size) {
        return DESCRIPTOR * size;
    }

    private static int availableBytes(int size) {
        return 6 + 2 * size;
    }

    private static int usedBytes(int size) {
        return 6 + 8 * size;
    }
}
