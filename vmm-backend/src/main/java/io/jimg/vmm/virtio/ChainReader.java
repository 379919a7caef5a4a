package io.jimg.vmm.virtio;

import java.nio.ByteBuffer;

/**
 * Follows chains of descriptors (VIRTIO 1.2, sections 2.7.5 to 2.7.8). The guest may change them at any time, so each
 * field is read once, and each walk is bounded.
 */
final class ChainReader {
    /** The most descriptors in a chain where the queue is smaller: QEMU's bound. */
    private static final int MOST_DESCRIPTORS = 1024;

    /** The most bytes of a table: the 16 bits of {@code next} reach no further. */
    private static final int LARGEST_TABLE = 65536 * QueueRings.DESCRIPTOR;

    private static final int NEXT = 1;
    private static final int WRITE = 2;
    private static final int INDIRECT = 4;

    private final QueueRings rings;
    private final GuestMemory memory;
    private final boolean mayBeIndirect;

    /** For a queue, whose driver may or may not have accepted indirect descriptors. */
    ChainReader(QueueRings rings, GuestMemory memory, boolean mayBeIndirect) {
        this.rings = rings;
        this.memory = memory;
        this.mayBeIndirect = mayBeIndirect;
    }

    /** The chain that begins with a descriptor. */
    DescriptorChain read(int head) throws MalformedQueueException {
        SliceList readable = new SliceList(memory);
        SliceList writable = new SliceList(memory);
        ByteBuffer table = rings.descriptors();
        int entries = rings.size();
        boolean indirect = false;
        int index = head;
        for (int left = Math.max(MOST_DESCRIPTORS, rings.size()); ; left--) {
            if (index >= entries) {
                throw new MalformedQueueException("Descriptor " + index + " of " + entries);
            }
            if (left == 0) {
                throw new MalformedQueueException("A chain of descriptors is too long, or a loop");
            }
            int place = index * QueueRings.DESCRIPTOR;
            long address = table.getLong(place);
            long length = Integer.toUnsignedLong(table.getInt(place + 8));
            int flags = table.getShort(place + 12);
            int next = Short.toUnsignedInt(table.getShort(place + 14));
            if ((flags & INDIRECT) != 0) {
                if (indirect || !mayBeIndirect || (flags & NEXT) != 0) {
                    throw new MalformedQueueException("An indirect descriptor where none may be");
                }
                if (length == 0 || length % QueueRings.DESCRIPTOR != 0 || length > LARGEST_TABLE) {
                    throw new MalformedQueueException("A table of descriptors of " + length + " bytes");
                }
                indirect = true;
                // A walk sees no more of a table than its bound.
                entries = (int) length / QueueRings.DESCRIPTOR;
                table = table(address, (int) length);
                index = 0;
                continue;
            }
            if (length == 0) {
                throw new MalformedQueueException("A descriptor of no bytes");
            }
            if ((flags & WRITE) != 0) {
                writable.add(address, length);
            } else if (writable.isEmpty()) {
                readable.add(address, length);
            } else {
                throw new MalformedQueueException("A descriptor to read from behind one to write to");
            }
            if ((flags & NEXT) == 0) {
                return new DescriptorChain(head, readable.toArray(), writable.toArray());
            }
            index = next;
        }
    }

    private ByteBuffer table(long address, int length) throws MalformedQueueException {
        if (Long.compareUnsigned(address + length - 1, address) < 0) {
            throw new MalformedQueueException("A table of descriptors wraps around the end of addresses");
        }
        return SliceList.readable(memory, address, length);
    }
}
