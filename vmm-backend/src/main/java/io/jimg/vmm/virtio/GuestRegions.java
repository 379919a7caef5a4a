package io.jimg.vmm.virtio;

import java.nio.ByteBuffer;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A guest's memory that consists of some buffers. Immutable. A region larger than a buffer is given as several that
 * follow one another.
 */
public final class GuestRegions implements GuestMemory {
    private final long[] starts;
    private final ByteBuffer[] buffers;

    private GuestRegions(List<Region> sorted) {
        starts = sorted.stream().mapToLong(Region::guestAddress).toArray();
        buffers = sorted.stream().map(Region::memory).toArray(ByteBuffer[]::new);
    }

    /**
     * A buffer at an address.
     *
     * @param guestAddress of its first byte, unsigned
     * @param memory all of it, whatever its position and limit
     */
    public record Region(long guestAddress, ByteBuffer memory) {
        private long end() {
            return guestAddress + memory.capacity();
        }
    }

    /** One region. */
    public static GuestRegions of(long guestAddress, ByteBuffer memory) {
        return of(List.of(new Region(guestAddress, memory)));
    }

    /**
     * Several regions.
     *
     * @throws IllegalArgumentException where one is empty, wraps around the end of addresses, or overlaps another
     */
    public static GuestRegions of(List<Region> regions) {
        List<Region> sorted = regions.stream()
                .sorted(Comparator.comparing(Region::guestAddress, Long::compareUnsigned))
                .toList();
        @Nullable Region last = null;
        for (Region each : sorted) {
            if (each.memory.capacity() == 0 || Long.compareUnsigned(each.end() - 1, each.guestAddress) < 0) {
                throw new IllegalArgumentException("no region: " + each);
            }
            if (last != null && Long.compareUnsigned(last.end() - 1, each.guestAddress) >= 0) {
                throw new IllegalArgumentException("regions overlap: " + last + ", " + each);
            }
            last = each;
        }
        return new GuestRegions(sorted);
    }

    @Override
    public @Nullable ByteBuffer slice(long guestAddress, long length) {
        for (int i = starts.length - 1; i >= 0; i--) {
            if (Long.compareUnsigned(starts[i], guestAddress) <= 0) {
                long offset = guestAddress - starts[i];
                ByteBuffer memory = buffers[i];
                return Long.compareUnsigned(offset, memory.capacity()) < 0
                        ? memory.slice((int) offset, (int) Math.min(length, memory.capacity() - offset))
                        : null;
            }
        }
        return null;
    }
}
