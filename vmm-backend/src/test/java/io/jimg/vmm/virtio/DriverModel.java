package io.jimg.vmm.virtio;

import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.jspecify.annotations.Nullable;

/**
 * A guest's driver as far as a split virtqueue needs one (VIRTIO 1.2, section 2.7): rings in a guest's memory, and
 * requests that are made available and come back. It can break the rules, too.
 */
public final class DriverModel {
    /** Flag of a descriptor: the chain goes on. */
    public static final int NEXT = 1;

    /** Flag of a descriptor: the device may write. */
    public static final int WRITE = 2;

    /** Flag of a descriptor: it points to a table. */
    public static final int INDIRECT = 4;

    private final ByteBuffer memory;
    private final long base;
    private final int size;
    private final boolean eventIndex;
    private final int descriptors;
    private final int available;
    private final int used;
    private int nextAvailable;
    private int nextUsed;

    /**
     * A driver whose rings begin at an offset of the memory.
     *
     * @param base the guest's address of the memory's first byte
     */
    public DriverModel(ByteBuffer memory, long base, int offset, int size, boolean eventIndex) {
        this.memory = memory.duplicate().order(ByteOrder.LITTLE_ENDIAN);
        this.base = base;
        this.size = size;
        this.eventIndex = eventIndex;
        this.descriptors = offset;
        this.available = offset + 16 * size;
        this.used = (available + 6 + 2 * size + 3) & -4;
    }

    /** Where the rings end. */
    public int end() {
        return used + 6 + 8 * size;
    }

    public int size() {
        return size;
    }

    public int descriptorsOffset() {
        return descriptors;
    }

    public int availableOffset() {
        return available;
    }

    public int usedOffset() {
        return used;
    }

    public long address(int offset) {
        return base + offset;
    }

    /** Both indices begin here rather than at 0. */
    public void beginAt(int index) {
        nextAvailable = index & 0xffff;
        nextUsed = index & 0xffff;
        memory.putShort(available + 2, (short) index).putShort(used + 2, (short) index);
    }

    /** Writes a descriptor of the queue's own table. */
    public void descriptor(int index, long address, int length, int flags, int next) {
        descriptorAt(descriptors + 16 * index, address, length, flags, next);
    }

    /** Writes a descriptor anywhere. */
    public void descriptorAt(int offset, long address, int length, int flags, int next) {
        memory.putLong(offset, address).putInt(offset + 8, length);
        memory.putShort(offset + 12, (short) flags).putShort(offset + 14, (short) next);
    }

    /** Writes a request's header. */
    public void header(int offset, int type, long sector) {
        memory.putInt(offset, type).putInt(offset + 4, 0).putLong(offset + 8, sector);
    }

    /** Makes a chain available; true where the device wants to be notified. */
    public boolean offer(int head) {
        memory.putShort(available + 4 + 2 * (nextAvailable % size), (short) head);
        int old = nextAvailable;
        nextAvailable = (nextAvailable + 1) & 0xffff;
        VarHandle.releaseFence();
        memory.putShort(available + 2, (short) nextAvailable);
        VarHandle.fullFence();
        if (!eventIndex) {
            return (memory.getShort(used) & 1) == 0;
        }
        int event = Short.toUnsignedInt(memory.getShort(used + 4 + 8 * size));
        return ((nextAvailable - event - 1) & 0xffff) < ((nextAvailable - old) & 0xffff);
    }

    /** Lets the available index jump. */
    public void jump(int by) {
        nextAvailable = (nextAvailable + by) & 0xffff;
        memory.putShort(available + 2, (short) nextAvailable);
    }

    /**
     * A chain that came back.
     *
     * @param head its first descriptor
     * @param written bytes that the device says it has written
     */
    public record Used(int head, int written) {}

    /** The next chain that came back; null where there is none. */
    public @Nullable Used take() {
        if (Short.toUnsignedInt(memory.getShort(used + 2)) == nextUsed) {
            return null;
        }
        VarHandle.acquireFence();
        int place = used + 4 + 8 * (nextUsed % size);
        nextUsed = (nextUsed + 1) & 0xffff;
        return new Used(memory.getInt(place), memory.getInt(place + 4));
    }

    /** Asks for an interrupt when the next chain comes back; true where one has come meanwhile. */
    public boolean allowInterrupts() {
        if (eventIndex) {
            memory.putShort(available + 4 + 2 * size, (short) nextUsed);
        } else {
            memory.putShort(available, (short) 0);
        }
        VarHandle.fullFence();
        return Short.toUnsignedInt(memory.getShort(used + 2)) != nextUsed;
    }

    /** Asks for no interrupts. With event indices there is no such wish: it is only not said anew. */
    public void suppressInterrupts() {
        if (!eventIndex) {
            memory.putShort(available, (short) 1);
        }
    }
}
