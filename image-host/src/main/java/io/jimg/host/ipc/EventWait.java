package io.jimg.host.ipc;

import io.jimg.host.kernel.Kernel;
import io.jimg.host.kernel.SystemCall;
import java.io.IOException;
import java.lang.ref.Reference;
import java.nio.ByteBuffer;

/** Waits for one of two events. For one thread. */
public final class EventWait {
    private static final short POLLIN = 1;
    private static final int POLL_ENTRY = 8;
    private static final int POLL_EVENTS = 4;
    private static final int TIMEOUT = 2 * POLL_ENTRY;
    private static final long NANOSECONDS = 1_000_000_000L;

    private final EventDescriptor one;
    private final EventDescriptor other;
    private final Kernel kernel;
    private final ByteBuffer buffer = Kernel.struct(TIMEOUT + 16);
    private final long address;

    /** To wait for these two, which stay their owner's. */
    public EventWait(EventDescriptor one, EventDescriptor other) {
        this.one = one;
        this.other = other;
        this.kernel = one.descriptor().kernel();
        this.address = kernel.addressOf(buffer);
    }

    /**
     * Waits until one of them is above 0. Neither can be closed meanwhile: who closes it waits.
     *
     * @param nanoseconds the longest wait; negative for any length
     * @return whether one is, rather than the time being over
     * @throws IOException if one is closed
     */
    public boolean await(long nanoseconds) throws IOException {
        buffer.putShort(POLL_EVENTS, POLLIN).putShort(POLL_ENTRY + POLL_EVENTS, POLLIN);
        buffer.putLong(TIMEOUT, nanoseconds / NANOSECONDS).putLong(TIMEOUT + 8, nanoseconds % NANOSECONDS);
        long timeout = nanoseconds < 0 ? 0 : address + TIMEOUT;
        try {
            long result = one.descriptor()
                    .use(first -> other.descriptor().use(second -> {
                        buffer.putInt(0, first).putInt(POLL_ENTRY, second);
                        return kernel.call(SystemCall.PPOLL, address, 2, timeout, 0, 8, 0);
                    }));
            return one.descriptor().checked(result) > 0;
        } finally {
            Reference.reachabilityFence(buffer);
        }
    }
}
