package io.jimg.host.ipc;

import io.jimg.host.Errno;
import io.jimg.host.kernel.Kernel;
import io.jimg.host.kernel.Native;
import io.jimg.host.kernel.SystemCall;
import java.io.Closeable;
import java.io.IOException;
import java.lang.ref.Reference;
import java.nio.ByteBuffer;
import java.util.Optional;

/**
 * Linux's eventfd: a counter by which one process wakes another. Raising and taking never block; {@link EventWait}
 * does. Safe for many threads.
 */
public final class EventDescriptor implements Closeable {
    private static final int EFD_NONBLOCK = 0x800;
    private static final int EFD_CLOEXEC = 0x80000;
    private static final int F_GETFL = 3;
    private static final int F_SETFL = 4;
    private static final int O_NONBLOCK = 0x800;

    private final Descriptor descriptor;

    /** A 1 to be added, and a place for what is read. */
    private final ByteBuffer buffer = Kernel.struct(16).putLong(0, 1);

    private final long oneAddress;
    private final long countAddress;

    private EventDescriptor(Descriptor descriptor) {
        this.descriptor = descriptor;
        this.oneAddress = descriptor.kernel().addressOf(buffer);
        this.countAddress = oneAddress + 8;
    }

    /**
     * {@return a new counter that is 0, or nothing where the host's calls can't be made}
     *
     * @throws IOException if the host has none to give
     */
    public static Optional<EventDescriptor> create() throws IOException {
        Kernel kernel = Native.kernel();
        if (kernel == null) {
            return Optional.empty();
        }
        long number = kernel.call(SystemCall.EVENTFD2, 0, EFD_NONBLOCK | EFD_CLOEXEC, 0, 0, 0, 0);
        return Optional.of(
                new EventDescriptor(new Descriptor(kernel, Descriptor.checked(number, "eventfd"), "eventfd")));
    }

    /**
     * Takes over a descriptor that another process passed, and closes it with this, or right now where it is refused.
     *
     * @throws IOException if it is no eventfd: reading from or writing to anything else might block for ever
     */
    public static EventDescriptor of(Descriptor passed) throws IOException {
        try {
            if (!passed.kind().equals("anon_inode:[eventfd]")) {
                throw new IOException("A descriptor that was passed as an event is none: " + passed.kind());
            }
            Kernel kernel = passed.kernel();
            long flags = passed.checked(passed.use(fd -> kernel.call(SystemCall.FCNTL, fd, F_GETFL, 0, 0, 0, 0)));
            passed.checked(passed.use(fd -> kernel.call(SystemCall.FCNTL, fd, F_SETFL, flags | O_NONBLOCK, 0, 0, 0)));
            return new EventDescriptor(passed);
        } catch (IOException | RuntimeException refused) {
            passed.close();
            throw refused;
        }
    }

    /** {@return the descriptor, which stays this one's} It can be passed to another process. */
    public Descriptor descriptor() {
        return descriptor;
    }

    /**
     * Adds 1, which wakes who waits. A counter at its highest stays there: it wakes anyway.
     *
     * @throws IOException if it is closed
     */
    public void signal() throws IOException {
        long result = descriptor.use(fd -> descriptor.kernel().call(SystemCall.WRITE, fd, oneAddress, 8, 0, 0, 0));
        Reference.reachabilityFence(buffer);
        if (result != -Errno.EAGAIN) {
            descriptor.checked(result);
        }
    }

    /**
     * Sets it back to 0.
     *
     * @return whether it was above 0
     * @throws IOException if it is closed
     */
    public boolean clear() throws IOException {
        // What the count was doesn't matter, and so not who else reads one into the same place.
        long result = descriptor.use(fd -> descriptor.kernel().call(SystemCall.READ, fd, countAddress, 8, 0, 0, 0));
        Reference.reachabilityFence(buffer);
        return result != -Errno.EAGAIN && descriptor.checked(result) == 8;
    }

    /** Closes it, after the calls in flight. Again: nothing. */
    @Override
    public void close() {
        descriptor.close();
    }
}
