package io.jimg.vmm.vhost;

import io.jimg.host.ipc.Descriptor;
import io.jimg.host.ipc.SharedMemory;
import io.jimg.vmm.virtio.GuestMemory;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.function.ToLongFunction;
import org.jspecify.annotations.Nullable;

/**
 * The guest's memory as the front end has passed it: regions, each with the address that the guest uses and the one
 * that the front end uses. Changed only while nobody uses it.
 */
final class MappedMemory implements GuestMemory, AutoCloseable {
    /** How many regions there may be: as many as QEMU's own back ends take. */
    static final int MOST_REGIONS = 509;

    private final List<Region> regions = new ArrayList<>();

    /** Where a region is, as a message tells it. */
    record Place(long guestAddress, long size, long userAddress, long fileOffset) {
        /** Bytes of it in a message. */
        static final int LENGTH = 32;

        static Place read(ByteBuffer message) {
            return new Place(message.getLong(), message.getLong(), message.getLong(), message.getLong());
        }

        private boolean overlaps(Place other, ToLongFunction<Place> address) {
            long mine = address.applyAsLong(this);
            long its = address.applyAsLong(other);
            return Long.compareUnsigned(mine - its, other.size) < 0 || Long.compareUnsigned(its - mine, size) < 0;
        }

        private void check() throws IOException {
            if (size <= 0
                    || Long.compareUnsigned(guestAddress + size - 1, guestAddress) < 0
                    || Long.compareUnsigned(userAddress + size - 1, userAddress) < 0) {
                throw new IOException(
                        "A region of memory of " + size + " bytes at 0x" + Long.toHexString(guestAddress));
            }
        }
    }

    private record Region(Place place, SharedMemory memory) {}

    /**
     * Adds a region.
     *
     * @param file stays the caller's
     * @throws IOException where it overlaps another, or its file is shorter
     */
    void add(Place place, Descriptor file) throws IOException {
        place.check();
        if (regions.size() >= MOST_REGIONS) {
            throw new IOException("More than " + MOST_REGIONS + " regions of memory");
        }
        for (Region each : regions) {
            if (place.overlaps(each.place, Place::guestAddress) || place.overlaps(each.place, Place::userAddress)) {
                throw new IOException("Regions of memory overlap");
            }
        }
        regions.add(new Region(place, SharedMemory.map(file, place.fileOffset, place.size)));
    }

    /** Takes a region away again. */
    void remove(Place place) throws IOException {
        for (Region each : regions) {
            if (each.place.guestAddress == place.guestAddress
                    && each.place.userAddress == place.userAddress
                    && each.place.size == place.size) {
                regions.remove(each);
                each.memory.close();
                return;
            }
        }
        throw new IOException("There is no such region of memory");
    }

    @Override
    public @Nullable ByteBuffer slice(long guestAddress, long length) {
        return slice(guestAddress, length, false);
    }

    /** The same memory by the front end's addresses. */
    GuestMemory byUserAddress() {
        return (userAddress, length) -> slice(userAddress, length, true);
    }

    private @Nullable ByteBuffer slice(long address, long length, boolean user) {
        for (int i = 0; i < regions.size(); i++) {
            Region each = regions.get(i);
            long offset = address - (user ? each.place.userAddress : each.place.guestAddress);
            if (Long.compareUnsigned(offset, each.place.size) < 0) {
                long size = Math.min(Math.min(length, Integer.MAX_VALUE), each.place.size - offset);
                return each.memory.buffer(offset, (int) size);
            }
        }
        return null;
    }

    /** Unmaps all. */
    @Override
    public void close() {
        regions.forEach(each -> each.memory.close());
        regions.clear();
    }
}
