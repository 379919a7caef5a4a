package io.jimg.vmm.vhost;

import io.jimg.host.ipc.Descriptor;
import io.jimg.host.ipc.EventDescriptor;
import io.jimg.host.ipc.LocalSocket;
import io.jimg.vmm.virtio.VirtioBlk;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * What is said with one front end, and what it has passed. One thread. Nothing that a front end says is believed: a
 * message that makes no sense ends the session, or is answered by a failure where an answer is wanted.
 */
final class Session implements AutoCloseable {
    private static final long PROTOCOL_FEATURES = Request.PROTOCOL_MQ
            | Request.PROTOCOL_REPLY_ACK
            | Request.PROTOCOL_CONFIG
            | Request.PROTOCOL_CONFIGURE_MEM_SLOTS;

    /** Regions in a table that is sent in one message. */
    private static final int MOST_TABLE_REGIONS = 8;

    private static final int CONFIG_HEADER = 12;
    private static final int LONGEST_CONFIG = 256;
    private static final int RING_MASK = 0xff;
    private static final int NO_DESCRIPTOR = 0x100;

    private final LocalSocket socket;
    private final VirtioBlk disk;
    private final List<Ring> rings;
    private final MappedMemory memory = new MappedMemory();
    private long protocol;

    Session(LocalSocket socket, VirtioBlk disk) {
        this.socket = socket;
        this.disk = disk;
        this.rings = IntStream.range(0, disk.queues())
                .mapToObj(index -> new Ring(index, disk))
                .toList();
        disk.reset();
    }

    /**
     * Listens to the front end until it goes.
     *
     * @throws IOException where it does not follow the protocol
     */
    void run() throws IOException {
        while (true) {
            try (@Nullable Message message = Message.receive(socket)) {
                if (message == null) {
                    return;
                }
                answer(message);
            }
        }
    }

    private void answer(Message message) throws IOException {
        boolean acknowledged = message.needsReply() && (protocol & Request.PROTOCOL_REPLY_ACK) != 0;
        boolean answered;
        try {
            answered = obey(message);
        } catch (IOException senseless) {
            if (!acknowledged) {
                throw senseless;
            }
            message.reply(socket, 1);
            return;
        }
        if (acknowledged && !answered) {
            message.reply(socket, 0);
        }
    }

    /** Does what a message says; true where it was answered. */
    private boolean obey(Message message) throws IOException {
        switch (message.request()) {
            case Request.GET_FEATURES -> message.reply(socket, disk.features() | Request.F_PROTOCOL_FEATURES);
            case Request.GET_PROTOCOL_FEATURES -> message.reply(socket, PROTOCOL_FEATURES);
            case Request.GET_QUEUE_NUM -> message.reply(socket, rings.size());
            case Request.GET_MAX_MEM_SLOTS -> message.reply(socket, MappedMemory.MOST_REGIONS);
            case Request.GET_CONFIG -> message.reply(socket, config(message));
            case Request.GET_VRING_BASE -> {
                int index = message.payload(8).getInt(0);
                Ring ring = ring(index);
                ring.pause();
                message.reply(socket, state(index, ring.takeNext()));
            }
            default -> {
                change(message);
                return false;
            }
        }
        return true;
    }

    private void change(Message message) throws IOException {
        switch (message.request()) {
            case Request.SET_OWNER -> {
                // There is one session, and it is the front end's.
            }
            case Request.SET_FEATURES -> setFeatures(message.payload(8).getLong(0));
            case Request.SET_PROTOCOL_FEATURES -> setProtocol(message.payload(8).getLong(0));
            case Request.SET_CONFIG -> setConfig(message);
            case Request.RESET_OWNER -> changeAll(() -> rings.forEach(ring -> ring.setEnabled(false)));
            case Request.SET_MEM_TABLE -> changeAll(() -> setMemoryTable(message));
            case Request.ADD_MEM_REG ->
                changeAll(() -> {
                    message.payload(8 + MappedMemory.Place.LENGTH).position(8);
                    try (Descriptor file = message.takeDescriptor()) {
                        memory.add(MappedMemory.Place.read(message.payload()), file);
                    }
                });
            case Request.REM_MEM_REG ->
                changeAll(() -> {
                    message.payload(8 + MappedMemory.Place.LENGTH).position(8);
                    memory.remove(MappedMemory.Place.read(message.payload()));
                });
            case Request.SET_VRING_NUM, Request.SET_VRING_BASE, Request.SET_VRING_ENABLE -> {
                ByteBuffer state = message.payload(8);
                int value = state.getInt(4);
                changeRing(state.getInt(0), ring -> {
                    switch (message.request()) {
                        case Request.SET_VRING_NUM -> ring.setSize(value);
                        case Request.SET_VRING_BASE -> ring.setNext(value);
                        default -> ring.setEnabled(value != 0);
                    }
                });
            }
            case Request.SET_VRING_ADDR -> {
                ByteBuffer address = message.payload(40);
                changeRing(
                        address.getInt(0),
                        ring -> ring.setAddresses(address.getLong(8), address.getLong(24), address.getLong(16)));
            }
            case Request.SET_VRING_KICK, Request.SET_VRING_CALL, Request.SET_VRING_ERR -> {
                long word = message.payload(8).getLong(0);
                @Nullable
                EventDescriptor event =
                        (word & NO_DESCRIPTOR) != 0 ? null : EventDescriptor.of(message.takeDescriptor());
                changeRing((int) word & RING_MASK, ring -> {
                    switch (message.request()) {
                        case Request.SET_VRING_KICK -> ring.setKick(event);
                        case Request.SET_VRING_CALL -> ring.setCall(event);
                        default -> ring.setError(event);
                    }
                });
            }
            default -> throw new IOException("Message " + message.request() + " is unknown");
        }
    }

    private void setFeatures(long features) throws IOException {
        changeAll(() -> {
            if (!disk.accept(features & ~Request.F_PROTOCOL_FEATURES)) {
                throw new IOException("Features were accepted that were not offered");
            }
            if ((features & Request.F_PROTOCOL_FEATURES) == 0) {
                rings.forEach(ring -> ring.setEnabled(true));
            }
        });
    }

    private void setProtocol(long features) throws IOException {
        if ((features & ~PROTOCOL_FEATURES) != 0) {
            throw new IOException("Features of the protocol were accepted that were not offered");
        }
        protocol = features;
    }

    private void setMemoryTable(Message message) throws IOException {
        int count = message.payload(8).getInt(0);
        if (count < 0 || count > MOST_TABLE_REGIONS) {
            throw new IOException("A table of " + count + " regions of memory");
        }
        ByteBuffer table =
                message.payload(8 + count * MappedMemory.Place.LENGTH).position(8);
        memory.close();
        for (int i = 0; i < count; i++) {
            try (Descriptor file = message.takeDescriptor()) {
                memory.add(MappedMemory.Place.read(table), file);
            }
        }
    }

    /** The part of the configuration space that is asked for; nothing of it where there is no such part. */
    private ByteBuffer config(Message message) throws IOException {
        ByteBuffer question = message.payload(CONFIG_HEADER);
        int offset = question.getInt(0);
        int size = question.getInt(4);
        if (offset < 0 || size < 0 || offset > LONGEST_CONFIG || size > LONGEST_CONFIG - offset) {
            return ByteBuffer.allocate(0);
        }
        ByteBuffer answer = Message.direct(CONFIG_HEADER + size);
        answer.putInt(offset).putInt(size).putInt(question.getInt(8));
        disk.readConfig(offset, answer);
        return answer.flip();
    }

    private void setConfig(Message message) throws IOException {
        ByteBuffer change = message.payload(CONFIG_HEADER);
        int size = change.getInt(4);
        if (size < 0 || size > LONGEST_CONFIG) {
            throw new IOException("A change of " + size + " bytes of the configuration");
        }
        message.payload(CONFIG_HEADER + size);
        change.position(CONFIG_HEADER).limit(CONFIG_HEADER + size);
        if (!disk.writeConfig(change.getInt(0), change)) {
            throw new IOException("That part of the configuration can't be changed");
        }
    }

    private ByteBuffer state(int index, int value) {
        return Message.direct(8).putInt(index).putInt(value).flip();
    }

    private Ring ring(int index) throws IOException {
        if (index < 0 || index >= rings.size()) {
            throw new IOException("There is no ring " + index);
        }
        return rings.get(index);
    }

    private interface Change {
        void make() throws IOException;
    }

    private interface RingChange {
        void make(Ring ring) throws IOException;
    }

    /** Changes what all rings stand on while none is served. */
    private void changeAll(Change change) throws IOException {
        for (Ring each : rings) {
            each.pause();
        }
        change.make();
        for (Ring each : rings) {
            each.resume(memory);
        }
    }

    private void changeRing(int index, RingChange change) throws IOException {
        Ring ring = ring(index);
        ring.pause();
        change.make(ring);
        ring.resume(memory);
    }

    /** Finishes what is in flight, and lets go of all that was passed. */
    @Override
    public void close() throws IOException {
        try {
            for (Ring each : rings) {
                each.close();
            }
        } finally {
            memory.close();
            disk.reset();
        }
    }
}
