package io.jimg.host.ipc;

import io.jimg.host.kernel.Kernel;
import io.jimg.host.kernel.Native;
import io.jimg.host.kernel.SystemCall;
import java.io.Closeable;
import java.io.EOFException;
import java.io.IOException;
import java.lang.ref.Reference;
import java.nio.ByteBuffer;
import java.nio.charset.Charset;
import java.util.List;
import java.util.Optional;

/**
 * A stream socket of the Unix domain over which descriptors travel with the bytes (SCM_RIGHTS), which Java's own
 * channels can't do. Calls block; {@link #shutdown()} ends those that do. Safe for many threads, of which one at a time
 * receives and one sends.
 */
public final class LocalSocket implements Closeable {
    /** The most descriptors that one message may carry. */
    public static final int MOST_DESCRIPTORS = 16;

    private static final int AF_UNIX = 1;
    private static final int SOCK_STREAM = 1;
    private static final int SOCK_CLOEXEC = 0x80000;
    private static final int SHUT_RDWR = 2;
    private static final int SOL_SOCKET = 1;
    private static final int SCM_RIGHTS = 1;
    private static final int MSG_CTRUNC = 0x8;
    private static final int MSG_NOSIGNAL = 0x4000;
    private static final int MSG_CMSG_CLOEXEC = 0x40000000;
    private static final int LONGEST_PATH = 107;
    private static final int ADDRESS_SIZE = 110;

    // struct msghdr, then one struct iovec, then the control data, on a 64-bit processor.
    private static final int MESSAGE_VECTOR = 16;
    private static final int MESSAGE_VECTORS = 24;
    private static final int MESSAGE_CONTROL = 32;
    private static final int MESSAGE_CONTROL_LENGTH = 40;
    private static final int MESSAGE_FLAGS = 48;
    private static final int VECTOR = 56;
    private static final int CONTROL = 72;
    private static final int CONTROL_HEADER = 16;
    private static final int CONTROL_ROOM = CONTROL_HEADER + 4 * MOST_DESCRIPTORS;

    private final Kernel kernel;
    private final Descriptor descriptor;

    private LocalSocket(Kernel kernel, Descriptor descriptor) {
        this.kernel = kernel;
        this.descriptor = descriptor;
    }

    /** {@return whether there can be one in this process at all} */
    public static boolean isAvailable() {
        return Native.kernel() != null;
    }

    /**
     * Listens at a path, where no file may be yet.
     *
     * @return the socket to accept from, or nothing where the host's calls can't be made
     * @throws IOException if the path is too long (more than 107 bytes), exists, or can't be made
     */
    public static Optional<LocalSocket> listen(String path) throws IOException {
        return open(path, (kernel, fd, address, length) -> {
            long bound = kernel.call(SystemCall.BIND, fd, address, length, 0, 0, 0);
            return bound < 0 ? bound : kernel.call(SystemCall.LISTEN, fd, 1, 0, 0, 0, 0);
        });
    }

    /**
     * Connects to who listens at a path.
     *
     * @return the socket, or nothing where the host's calls can't be made
     * @throws IOException if nobody listens there
     */
    public static Optional<LocalSocket> connect(String path) throws IOException {
        return open(
                path, (kernel, fd, address, length) -> kernel.call(SystemCall.CONNECT, fd, address, length, 0, 0, 0));
    }

    private interface Opening {
        long of(Kernel kernel, int number, long address, int length);
    }

    private static Optional<LocalSocket> open(String path, Opening opening) throws IOException {
        Kernel kernel = Native.kernel();
        if (kernel == null) {
            return Optional.empty();
        }
        // As Java encodes the names of files.
        byte[] bytes = path.getBytes(Charset.forName(System.getProperty("sun.jnu.encoding", "UTF-8")));
        if (bytes.length > LONGEST_PATH) {
            throw new IOException("The path of a socket has at most " + LONGEST_PATH + " bytes: " + path);
        }
        ByteBuffer address = Kernel.struct(ADDRESS_SIZE);
        address.putShort(0, (short) AF_UNIX).put(2, bytes);
        long number = Descriptor.checked(
                kernel.call(SystemCall.SOCKET, AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, 0, 0, 0), path);
        Descriptor descriptor = new Descriptor(kernel, number, path);
        try {
            int length = 2 + bytes.length + 1;
            descriptor.checked(descriptor.use(fd -> opening.of(kernel, fd, kernel.addressOf(address), length)));
            Reference.reachabilityFence(address);
            return Optional.of(new LocalSocket(kernel, descriptor));
        } catch (IOException failed) {
            descriptor.close();
            throw failed;
        }
    }

    /**
     * Waits for somebody to connect.
     *
     * @throws IOException after {@link #shutdown()}, too
     */
    public LocalSocket accept() throws IOException {
        long number =
                descriptor.checked(descriptor.use(fd -> kernel.call(SystemCall.ACCEPT4, fd, 0, 0, SOCK_CLOEXEC, 0, 0)));
        return new LocalSocket(kernel, new Descriptor(kernel, number, descriptor.toString()));
    }

    /**
     * Fills a direct buffer from its position to its limit.
     *
     * @param descriptors to which those that came along are added; they are the caller's even when an exception is
     *     thrown
     * @return false where the peer had closed before the first byte
     * @throws EOFException where it closed after it
     * @throws IOException if it fails, or more descriptors came than are allowed
     */
    public boolean receive(ByteBuffer direct, List<Descriptor> descriptors) throws IOException {
        ByteBuffer message = Kernel.struct(CONTROL + CONTROL_ROOM);
        int start = direct.position();
        while (direct.hasRemaining()) {
            prepare(message, direct, CONTROL_ROOM);
            long address = kernel.addressOf(message);
            long result = descriptor.use(fd -> kernel.call(SystemCall.RECVMSG, fd, address, MSG_CMSG_CLOEXEC, 0, 0, 0));
            Reference.reachabilityFence(message);
            int length = (int) descriptor.checked(result);
            take(message, descriptors);
            if ((message.getInt(MESSAGE_FLAGS) & MSG_CTRUNC) != 0 || descriptors.size() > MOST_DESCRIPTORS) {
                throw new IOException("A message carries more than " + MOST_DESCRIPTORS + " descriptors");
            }
            if (length == 0) {
                if (direct.position() == start) {
                    return false;
                }
                throw new EOFException("The peer closed the connection within a message");
            }
            direct.position(direct.position() + length);
        }
        return true;
    }

    private void take(ByteBuffer message, List<Descriptor> descriptors) {
        long used = message.getLong(MESSAGE_CONTROL_LENGTH);
        for (int at = 0; at + CONTROL_HEADER <= used; ) {
            long length = message.getLong(CONTROL + at);
            if (message.getInt(CONTROL + at + 8) == SOL_SOCKET && message.getInt(CONTROL + at + 12) == SCM_RIGHTS) {
                for (int each = CONTROL_HEADER; each + 4 <= length; each += 4) {
                    int number = message.getInt(CONTROL + at + each);
                    descriptors.add(new Descriptor(kernel, number, "a passed descriptor"));
                }
            }
            at += (int) ((length + 7) & -8);
        }
    }

    /**
     * Sends a direct buffer from its position to its limit.
     *
     * @param descriptors that go along, at most {@link #MOST_DESCRIPTORS}; they stay the caller's, who keeps them open
     *     meanwhile
     * @throws IOException if the peer has gone
     */
    public void send(ByteBuffer direct, List<Descriptor> descriptors) throws IOException {
        if (descriptors.size() > MOST_DESCRIPTORS) {
            throw new IllegalArgumentException(descriptors.size() + " descriptors");
        }
        ByteBuffer message = Kernel.struct(CONTROL + CONTROL_ROOM);
        int control = descriptors.isEmpty() ? 0 : CONTROL_HEADER + 4 * descriptors.size();
        while (direct.hasRemaining()) {
            prepare(message, direct, (control + 7) & -8);
            if (control > 0) {
                message.putLong(CONTROL, control)
                        .putInt(CONTROL + 8, SOL_SOCKET)
                        .putInt(CONTROL + 12, SCM_RIGHTS);
                for (int i = 0; i < descriptors.size(); i++) {
                    int place = CONTROL + CONTROL_HEADER + 4 * i;
                    descriptors
                            .get(i)
                            .use(number -> message.putInt(place, number).capacity());
                }
            }
            long address = kernel.addressOf(message);
            long result = descriptor.use(fd -> kernel.call(SystemCall.SENDMSG, fd, address, MSG_NOSIGNAL, 0, 0, 0));
            Reference.reachabilityFence(message);
            direct.position(direct.position() + (int) descriptor.checked(result));
            control = 0;
        }
    }

    private void prepare(ByteBuffer message, ByteBuffer data, int control) {
        long base = kernel.addressOf(message);
        message.putLong(MESSAGE_VECTOR, base + VECTOR).putLong(MESSAGE_VECTORS, 1);
        message.putLong(MESSAGE_CONTROL, control == 0 ? 0 : base + CONTROL).putLong(MESSAGE_CONTROL_LENGTH, control);
        message.putInt(MESSAGE_FLAGS, 0);
        message.putLong(VECTOR, kernel.addressOf(data) + data.position()).putLong(VECTOR + 8, data.remaining());
    }

    /** Ends the connection, or the listening: calls that wait return, on both sides. Again: nothing. */
    public void shutdown() {
        try {
            descriptor.use(fd -> kernel.call(SystemCall.SHUTDOWN, fd, SHUT_RDWR, 0, 0, 0, 0));
        } catch (IOException closed) {
            // Then nobody waits any more, as was wanted.
            return;
        }
    }

    /** Shuts it down and closes it. Again: nothing. */
    @Override
    public void close() {
        shutdown();
        descriptor.close();
    }
}
