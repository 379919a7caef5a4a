package io.jimg.vmm.nbd;

import static org.assertj.core.api.Assertions.assertThat;

import io.jimg.nbd.ExportInfo.Replies;
import io.jimg.nbd.NbdAddress;
import io.jimg.nbd.wire.Handshake;
import io.jimg.nbd.wire.Transmission;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** A socket with the words of the protocol, which keeps to no rule by itself. */
final class RawClient implements AutoCloseable {
    static final long COOKIE = 0x0123_4567_89ab_cdefL;

    final SocketChannel channel;
    final DataInputStream in;
    final DataOutputStream out;
    Replies replies = Replies.SIMPLE;

    /** Connects, and reads the server's greeting. */
    RawClient(NbdAddress address) throws IOException {
        channel = address instanceof NbdAddress.Unix unix
                ? SocketChannel.open(UnixDomainSocketAddress.of(unix.path()))
                : SocketChannel.open(new InetSocketAddress("127.0.0.1", ((NbdAddress.Inet) address).port()));
        in = new DataInputStream(Channels.newInputStream(channel));
        out = new DataOutputStream(Channels.newOutputStream(channel));
        assertThat(in.readLong()).isEqualTo(Handshake.INIT_MAGIC);
        assertThat(in.readLong()).isEqualTo(Handshake.OPTION_MAGIC);
        assertThat(in.readShort()).isEqualTo((short) (Handshake.FIXED_NEWSTYLE | Handshake.NO_ZEROES));
    }

    /** Sends the client's flags. */
    RawClient flags(int flags) throws IOException {
        out.writeInt(flags);
        return this;
    }

    void option(int option, byte[] data) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        DataOutputStream message = new DataOutputStream(bytes);
        message.writeLong(Handshake.OPTION_MAGIC);
        message.writeInt(option);
        message.writeInt(data.length);
        message.write(data);
        out.write(bytes.toByteArray());
    }

    /** One reply to an option. */
    record Reply(int option, int type, byte[] data) {}

    Reply reply() throws IOException {
        assertThat(in.readLong()).isEqualTo(Handshake.REPLY_MAGIC);
        int option = in.readInt();
        int type = in.readInt();
        return new Reply(option, type, in.readNBytes(in.readInt()));
    }

    /** All replies to an option, the last of which is an acknowledgement or an error. */
    List<Reply> ask(int option, byte[] data) throws IOException {
        option(option, data);
        List<Reply> all = new ArrayList<>();
        do {
            all.add(reply());
            assertThat(all.get(all.size() - 1).option()).isEqualTo(option);
        } while (all.get(all.size() - 1).type() > Handshake.REP_ACK);
        return all;
    }

    /** The type of the one reply to an option. */
    int askOne(int option, byte[] data) throws IOException {
        List<Reply> all = ask(option, data);
        assertThat(all).hasSize(1);
        return all.get(0).type();
    }

    /** Data of options of INFO and GO. */
    static byte[] info(String export, int... wanted) {
        byte[] name = export.getBytes(StandardCharsets.UTF_8);
        ByteBuffer data = ByteBuffer.allocate(6 + name.length + 2 * wanted.length);
        data.putInt(name.length).put(name).putShort((short) wanted.length);
        for (int each : wanted) {
            data.putShort((short) each);
        }
        return data.array();
    }

    /** Data of options about contexts of metadata. */
    static byte[] queries(String export, String... queries) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        bytes.writeBytes(string(export));
        bytes.writeBytes(
                ByteBuffer.allocate(Integer.BYTES).putInt(queries.length).array());
        for (String query : queries) {
            bytes.writeBytes(string(query));
        }
        return bytes.toByteArray();
    }

    private static byte[] string(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        return ByteBuffer.allocate(Integer.BYTES + bytes.length)
                .putInt(bytes.length)
                .put(bytes)
                .array();
    }

    /** Negotiates how requests are answered, and begins transmission. */
    RawClient begin(String export, Replies wanted, String... contexts) throws IOException {
        flags(Handshake.FIXED_NEWSTYLE | Handshake.NO_ZEROES);
        if (wanted != Replies.SIMPLE) {
            int option = wanted == Replies.EXTENDED ? Handshake.OPT_EXTENDED_HEADERS : Handshake.OPT_STRUCTURED_REPLY;
            assertThat(askOne(option, new byte[0])).isEqualTo(Handshake.REP_ACK);
        }
        replies = wanted;
        if (contexts.length > 0) {
            ask(Handshake.OPT_SET_META_CONTEXT, queries(export, contexts));
        }
        List<Reply> all = ask(Handshake.OPT_GO, info(export, Handshake.INFO_BLOCK_SIZE));
        assertThat(all.get(all.size() - 1).type()).isEqualTo(Handshake.REP_ACK);
        return this;
    }

    void request(int flags, int command, long offset, long length, byte... payload) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        DataOutputStream message = new DataOutputStream(bytes);
        boolean extended = replies == Replies.EXTENDED;
        message.writeInt(extended ? Transmission.EXTENDED_REQUEST_MAGIC : Transmission.REQUEST_MAGIC);
        message.writeShort(flags);
        message.writeShort(command);
        message.writeLong(COOKIE);
        message.writeLong(offset);
        if (extended) {
            message.writeLong(length);
        } else {
            message.writeInt((int) length);
        }
        message.write(payload);
        out.write(bytes.toByteArray());
    }

    /** A chunk of a reply, or a simple reply. */
    record Chunk(int type, byte[] data) {
        ByteBuffer buffer() {
            return ByteBuffer.wrap(data);
        }
    }

    /** A type of {@link Chunk} for the simple reply, whose data are its error and what was read. */
    static final int SIMPLE = -1;

    /**
     * The chunks of the reply to one request.
     *
     * @param simpleLength how many bytes follow a simple reply without error
     */
    List<Chunk> answer(int simpleLength) throws IOException {
        List<Chunk> chunks = new ArrayList<>();
        while (true) {
            int magic = in.readInt();
            if (magic == Transmission.SIMPLE_REPLY_MAGIC) {
                assertThat(replies).isNotEqualTo(Replies.EXTENDED);
                int error = in.readInt();
                assertThat(in.readLong()).isEqualTo(COOKIE);
                byte[] data = in.readNBytes(error == 0 ? simpleLength : 0);
                chunks.add(new Chunk(
                        SIMPLE,
                        ByteBuffer.allocate(Integer.BYTES + data.length)
                                .putInt(error)
                                .put(data)
                                .array()));
                return chunks;
            }
            assertThat(magic)
                    .isEqualTo(
                            replies == Replies.EXTENDED
                                    ? Transmission.EXTENDED_REPLY_MAGIC
                                    : Transmission.STRUCTURED_REPLY_MAGIC);
            int flags = in.readShort();
            int type = in.readShort() & 0xffff;
            assertThat(in.readLong()).isEqualTo(COOKIE);
            if (replies == Replies.EXTENDED) {
                in.readLong();
            }
            long length = replies == Replies.EXTENDED ? in.readLong() : in.readInt();
            chunks.add(new Chunk(type, in.readNBytes((int) length)));
            if ((flags & Transmission.REPLY_DONE) != 0) {
                return chunks;
            }
        }
    }

    /** Whether the server closes, and says nothing before. */
    boolean hungUp() throws IOException {
        try {
            return in.read() < 0;
        } catch (EOFException | SocketException over) {
            return true;
        }
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
