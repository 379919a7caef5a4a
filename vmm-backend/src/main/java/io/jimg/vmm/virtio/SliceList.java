package io.jimg.vmm.virtio;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Collects ranges of guest memory as buffers; ranges that follow one another become one. */
final class SliceList {
    private final GuestMemory memory;
    private final List<ByteBuffer> slices = new ArrayList<>(4);
    private long pendingAddress;
    private long pendingLength;

    SliceList(GuestMemory memory) {
        this.memory = memory;
    }

    /** Adds a range of at least one byte and less than 4 GiB. */
    void add(long guestAddress, long length) throws MalformedQueueException {
        if (Long.compareUnsigned(guestAddress + length - 1, guestAddress) < 0) {
            throw new MalformedQueueException("A descriptor wraps around the end of addresses");
        }
        if (pendingLength > 0 && guestAddress == pendingAddress + pendingLength) {
            pendingLength += length;
            return;
        }
        flush();
        pendingAddress = guestAddress;
        pendingLength = length;
    }

    boolean isEmpty() {
        return pendingLength == 0 && slices.isEmpty();
    }

    ByteBuffer[] toArray() throws MalformedQueueException {
        flush();
        return slices.toArray(ByteBuffer[]::new);
    }

    private void flush() throws MalformedQueueException {
        while (pendingLength > 0) {
            ByteBuffer slice = slice(memory, pendingAddress, pendingLength);
            slices.add(slice);
            pendingAddress += slice.remaining();
            pendingLength -= slice.remaining();
        }
    }

    private static ByteBuffer slice(GuestMemory memory, long guestAddress, long length) throws MalformedQueueException {
        @Nullable ByteBuffer slice = memory.slice(guestAddress, length);
        if (slice == null || !slice.hasRemaining() || slice.remaining() > length) {
            throw new MalformedQueueException("No memory at 0x" + Long.toHexString(guestAddress));
        }
        return slice;
    }

    /**
     * A range as one buffer in little-endian order, to be read: the guest's memory where it lies together, else a copy.
     */
    static ByteBuffer readable(GuestMemory memory, long guestAddress, int length) throws MalformedQueueException {
        ByteBuffer slice = slice(memory, guestAddress, length);
        if (slice.remaining() == length) {
            return slice.slice().order(ByteOrder.LITTLE_ENDIAN);
        }
        ByteBuffer copy = ByteBuffer.allocate(length).order(ByteOrder.LITTLE_ENDIAN);
        while (true) {
            copy.put(slice);
            if (!copy.hasRemaining()) {
                return copy.clear();
            }
            slice = slice(memory, guestAddress + copy.position(), copy.remaining());
        }
    }

    /** A range as one buffer in little-endian order that is the guest's memory itself. */
    static ByteBuffer shared(GuestMemory memory, long guestAddress, int length) throws MalformedQueueException {
        ByteBuffer slice = slice(memory, guestAddress, length);
        if (slice.remaining() < length) {
            throw new MalformedQueueException(
                    "A ring at 0x" + Long.toHexString(guestAddress) + " does not lie in one region of memory");
        }
        return slice.slice().order(ByteOrder.LITTLE_ENDIAN);
    }
}
