package io.jimg.vmm.virtio;

import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/** A guest's memory, by the addresses that the guest itself uses for it. Safe for many threads. */
@FunctionalInterface
public interface GuestMemory {

    /**
     * Memory from an address on, as much of it as lies together: a range that reaches into another region is asked for
     * again from there.
     *
     * @param guestAddress guest-physical address, unsigned; the guest chose it, and it may be any number
     * @param length how many bytes are wanted, greater than zero
     * @return a buffer of its own with at least 1 and at most {@code length} bytes between position and limit, which
     *     are the guest's memory and no copy; null where that address is no memory
     */
    @Nullable
    ByteBuffer slice(long guestAddress, long length);
}
