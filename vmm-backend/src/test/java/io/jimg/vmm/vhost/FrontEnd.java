package io.jimg.vmm.vhost;

import io.jimg.host.ipc.Descriptor;
import io.jimg.host.ipc.EventDescriptor;
import io.jimg.host.ipc.EventWait;
import io.jimg.host.ipc.LocalSocket;
import io.jimg.host.ipc.SharedMemory;
import io.jimg.vmm.virtio.DriverModel;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * A front end of vhost-user and the guest behind it, as far as tests need them: the other side of any back end's
 * socket. Calls fail where a back end does not answer within ten seconds.
 */
final class FrontEnd implements AutoCloseable {
    /** The guest's address of its memory's first byte. */
    static final long GUEST_ADDRESS = 0x1_0000_0000L;

    /** The front end's own address of it, which rings are told by. */
    static final long USER_ADDRESS = 0x7f00_1234_0000L;

    private static final int HEADER = 12;
    private static final int NEED_REPLY = 8;
    private static final long PATIENCE = TimeUnit.SECONDS.toNanos(10);

    final LocalSocket socket;
    final Descriptor file;
    final SharedMemory mapping;
    final ByteBuffer memory;
    final List<Queue> queues = new ArrayList<>();
    private final List<AutoCloseable> open = new ArrayList<>();
    private int flags = 1;

    private FrontEnd(LocalSocket socket, int size) throws IOException {
        this.socket = socket;
        this.file = SharedMemory.create("guest", size).orElseThrow();
        this.mapping = SharedMemory.map(file, 0, size);
        this.memory = mapping.buffer(0, size);
        open.addAll(List.of(socket, file, mapping));
    }

    /** Connects, without a word said. */
    static FrontEnd connect(String path, int memorySize) throws IOException {
        return new FrontEnd(LocalSocket.connect(path).orElseThrow(), memorySize);
    }

    /** Agrees on features, passes the memory, and starts rings of that size. */
    FrontEnd start(long features, int rings, int size) throws IOException {
        send(Request.SET_OWNER, payload(0));
        long protocol = Request.PROTOCOL_CONFIG | Request.PROTOCOL_MQ | Request.PROTOCOL_REPLY_ACK;
        send(Request.SET_PROTOCOL_FEATURES, payload(8).putLong(protocol & askNumber(Request.GET_PROTOCOL_FEATURES)));
        flags |= (protocol & askNumber(Request.GET_PROTOCOL_FEATURES) & Request.PROTOCOL_REPLY_ACK) != 0
                ? NEED_REPLY
                : 0;
        tell(Request.SET_FEATURES, payload(8).putLong(features | Request.F_PROTOCOL_FEATURES));
        tell(Request.SET_MEM_TABLE, memoryTable(memory.capacity()), file);
        int offset = 0;
        for (int i = 0; i < rings; i++) {
            DriverModel driver = new DriverModel(memory, GUEST_ADDRESS, offset, size, (features & (1L << 29)) != 0);
            offset = (driver.end() + 4095) & -4096;
            Queue queue = new Queue(i, driver);
            queues.add(queue);
            queue.start(0);
        }
        return this;
    }

    /** Where memory begins that no ring uses, if there are as many as were started. */
    int freeMemory() {
        return (queues.get(queues.size() - 1).driver.end() + 4095) & -4096;
    }

    static ByteBuffer payload(int size) {
        return ByteBuffer.allocateDirect(size).order(ByteOrder.nativeOrder());
    }

    /** The one region that the memory is. */
    static ByteBuffer memoryTable(long size) {
        return payload(40)
                .putInt(1)
                .putInt(0)
                .putLong(GUEST_ADDRESS)
                .putLong(size)
                .putLong(USER_ADDRESS)
                .putLong(0);
    }

    /** Sends a message; its payload is what lies before the buffer's position. */
    void send(int request, ByteBuffer payload, Descriptor... passed) throws IOException {
        payload.flip();
        ByteBuffer message = payload(HEADER + payload.remaining());
        message.putInt(request).putInt(flags).putInt(payload.remaining()).put(payload);
        socket.send(message.flip(), List.of(passed));
    }

    /** Sends a message that is acknowledged where that was agreed on; fails where it is refused. */
    void tell(int request, ByteBuffer payload, Descriptor... passed) throws IOException {
        send(request, payload, passed);
        if ((flags & NEED_REPLY) != 0) {
            long answer = reply(request).getLong(0);
            if (answer != 0) {
                throw new IOException("message " + request + " is refused: " + answer);
            }
        }
    }

    /** What a back end answers. */
    ByteBuffer ask(int request, ByteBuffer payload) throws IOException {
        send(request, payload);
        return reply(request);
    }

    long askNumber(int request) throws IOException {
        return ask(request, payload(0)).getLong(0);
    }

    ByteBuffer reply(int request) throws IOException {
        ByteBuffer header = payload(HEADER);
        List<Descriptor> passed = new ArrayList<>();
        if (!socket.receive(header, passed)) {
            throw new IOException("the back end has closed the connection");
        }
        if (header.getInt(0) != request || (header.getInt(4) & 7) != 5 || !passed.isEmpty()) {
            throw new IOException("message " + header.getInt(0) + " with flags " + header.getInt(4));
        }
        ByteBuffer payload = payload(header.getInt(8));
        socket.receive(payload, passed);
        return payload.flip();
    }

    /** The configuration space, its first bytes. */
    ByteBuffer config(int length) throws IOException {
        ByteBuffer answer = ask(
                Request.GET_CONFIG,
                payload(12 + length).putInt(0).putInt(length).putInt(0).position(12 + length));
        return answer.position(12).slice().order(ByteOrder.LITTLE_ENDIAN);
    }

    /** A ring and its events. */
    final class Queue {
        final int index;
        final DriverModel driver;
        final EventDescriptor kick;
        final EventDescriptor call;
        final EventDescriptor error;
        private final EventWait calls;

        Queue(int index, DriverModel driver) throws IOException {
            this.index = index;
            this.driver = driver;
            this.kick = EventDescriptor.create().orElseThrow();
            this.call = EventDescriptor.create().orElseThrow();
            this.error = EventDescriptor.create().orElseThrow();
            this.calls = new EventWait(call, error);
            open.addAll(List.of(kick, call, error));
        }

        /** Tells the back end all about it. */
        void start(int next) throws IOException {
            tell(Request.SET_VRING_NUM, payload(8).putInt(index).putInt(driver.size()));
            tell(Request.SET_VRING_BASE, payload(8).putInt(index).putInt(next));
            tell(
                    Request.SET_VRING_ADDR,
                    payload(40)
                            .putInt(index)
                            .putInt(0)
                            .putLong(USER_ADDRESS + driver.descriptorsOffset())
                            .putLong(USER_ADDRESS + driver.usedOffset())
                            .putLong(USER_ADDRESS + driver.availableOffset())
                            .putLong(0));
            tell(Request.SET_VRING_ERR, payload(8).putLong(index), error.descriptor());
            tell(Request.SET_VRING_CALL, payload(8).putLong(index), call.descriptor());
            tell(Request.SET_VRING_KICK, payload(8).putLong(index), kick.descriptor());
            tell(Request.SET_VRING_ENABLE, payload(8).putInt(index).putInt(1));
        }

        /** Stops it; returns the index of the next request that the back end would have taken. */
        int stop() throws IOException {
            return ask(Request.GET_VRING_BASE, payload(8).putInt(index).putInt(0))
                    .getInt(4);
        }

        /** Makes a chain available, and kicks where that is wished. */
        void offer(int head) throws IOException {
            if (driver.offer(head)) {
                kick.signal();
            }
        }

        /** The next chain that comes back. */
        DriverModel.Used await() throws IOException {
            while (true) {
                DriverModel.Used used = driver.take();
                if (used != null) {
                    return used;
                }
                if (driver.allowInterrupts()) {
                    continue;
                }
                if (!calls.await(PATIENCE)) {
                    throw new IOException("the back end does not answer");
                }
                if (error.clear()) {
                    throw new BrokenRing();
                }
                call.clear();
            }
        }
    }

    /** The back end serves the ring no more. */
    static final class BrokenRing extends IOException {
        private static final long serialVersionUID = 1L;

        BrokenRing() {
            super("the back end says that the ring is broken");
        }
    }

    @Override
    public void close() throws Exception {
        for (AutoCloseable each : open) {
            each.close();
        }
    }
}
