package io.jimg.vmm.vhost;

import io.jimg.host.ipc.Descriptor;
import io.jimg.host.ipc.LocalSocket;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A message of the vhost-user protocol. Numbers are in the machine's own byte order.
 *
 * @param request what is asked; see {@link Request}
 * @param flags version and wishes
 * @param payload from position 0 to its limit
 * @param descriptors that came along; whoever takes one out of the list owns it, the rest are closed with the message
 */
record Message(int request, int flags, ByteBuffer payload, List<Descriptor> descriptors) implements AutoCloseable {
    private static final int HEADER = 12;
    private static final int VERSION = 1;
    private static final int VERSION_MASK = 3;
    private static final int REPLY = 4;
    private static final int NEED_REPLY = 8;

    /** More than any message that we know has. */
    private static final int LONGEST_PAYLOAD = 4096;

    /** The next message; null where the front end has closed the connection. */
    static @Nullable Message receive(LocalSocket socket) throws IOException {
        ByteBuffer header = direct(HEADER);
        List<Descriptor> descriptors = new ArrayList<>();
        try {
            if (!socket.receive(header, descriptors)) {
                return null;
            }
            int size = header.getInt(8);
            if ((header.getInt(4) & VERSION_MASK) != VERSION || size < 0 || size > LONGEST_PAYLOAD) {
                throw new IOException("That is no message of vhost-user");
            }
            ByteBuffer payload = direct(size);
            if (size > 0 && !socket.receive(payload, descriptors)) {
                throw new IOException("The front end closed the connection within a message");
            }
            Message message = new Message(header.getInt(0), header.getInt(4), payload.flip(), descriptors);
            descriptors = List.of();
            return message;
        } finally {
            descriptors.forEach(Descriptor::close);
        }
    }

    boolean needsReply() {
        return (flags & NEED_REPLY) != 0;
    }

    /** The payload, which must have at least that many bytes. */
    ByteBuffer payload(int length) throws IOException {
        if (payload.limit() < length) {
            throw new IOException("Message " + request + " has " + payload.limit() + " bytes of " + length);
        }
        return payload;
    }

    /** The first of the descriptors that came along, which is the caller's now. */
    Descriptor takeDescriptor() throws IOException {
        if (descriptors.isEmpty()) {
            throw new IOException("Message " + request + " lacks a descriptor");
        }
        return descriptors.remove(0);
    }

    /** Answers with a payload, from its position to its limit. */
    void reply(LocalSocket socket, ByteBuffer answer) throws IOException {
        ByteBuffer whole = direct(HEADER + answer.remaining());
        whole.putInt(request).putInt(VERSION | REPLY).putInt(answer.remaining());
        socket.send(whole.put(answer).flip(), List.of());
    }

    /** Answers with a number. */
    void reply(LocalSocket socket, long answer) throws IOException {
        reply(socket, direct(Long.BYTES).putLong(answer).flip());
    }

    /** Closes the descriptors that nobody took. */
    @Override
    public void close() {
        descriptors.forEach(Descriptor::close);
    }

    static ByteBuffer direct(int size) {
        return ByteBuffer.allocateDirect(size).order(ByteOrder.nativeOrder());
    }
}
