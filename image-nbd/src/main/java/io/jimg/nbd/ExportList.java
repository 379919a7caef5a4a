package io.jimg.nbd;

import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.nbd.ExportInfo.BlockSizes;
import io.jimg.nbd.wire.Handshake;
import io.jimg.nbd.wire.TlsWire;
import io.jimg.nbd.wire.Wire;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Asks a server what it has on offer, without using any of it. The server is not trusted. */
public final class ExportList {
    private static final int LONGEST_REPLY = 64 << 10;
    private static final int MOST_REPLIES = 10_000;

    private Wire wire;

    private ExportList(Wire wire) {
        this.wire = wire;
    }

    /**
     * An export as its server tells of it.
     *
     * @param name empty for the default export
     * @param description for people; empty for none
     * @param size bytes
     * @param flags transmission flags ("Transmission flags")
     * @param blockSizes null where the server says nothing of them
     * @param extended whether lengths of requests have 64 bits
     * @param contexts names of contexts of metadata
     */
    public record Listed(
            String name,
            String description,
            long size,
            int flags,
            @Nullable BlockSizes blockSizes,
            boolean extended,
            List<String> contexts) {}

    /**
     * Connects, asks, and leaves.
     *
     * @param tls null for a connection without
     * @throws ImageException where there is no such server, or it does not tell
     */
    public static List<Listed> of(NbdAddress address, @Nullable ClientTls tls) throws IOException {
        ExportList list = new ExportList(Connector.connect(address));
        try {
            return list.ask(tls);
        } finally {
            list.wire.close();
        }
    }

    private List<Listed> ask(@Nullable ClientTls tls) throws IOException {
        ByteBuffer greeting = read(2 * Long.BYTES + Short.BYTES);
        if (greeting.getLong() != Handshake.INIT_MAGIC || greeting.getLong() != Handshake.OPTION_MAGIC) {
            throw broken("The server does not list its exports");
        }
        int offered = greeting.getShort();
        if ((offered & Handshake.FIXED_NEWSTYLE) == 0) {
            throw broken("The server does not list its exports");
        }
        wire.write(ByteBuffer.allocate(Integer.BYTES)
                .putInt(offered & (Handshake.FIXED_NEWSTYLE | Handshake.NO_ZEROES))
                .flip());
        if (tls != null) {
            if (!accepted(Handshake.OPT_STARTTLS)) {
                throw broken("Server does not support STARTTLS");
            }
            wire = TlsWire.client(wire, tls.identity(), tls.hostname());
        }
        boolean extended = accepted(Handshake.OPT_EXTENDED_HEADERS);
        boolean structured = extended || accepted(Handshake.OPT_STRUCTURED_REPLY);
        List<Listed> all = new ArrayList<>();
        for (String[] each : names()) {
            all.add(describe(each[0], each[1], extended, structured));
        }
        send(Handshake.OPT_ABORT, ByteBuffer.allocate(0));
        return all;
    }

    private boolean accepted(int option) throws IOException {
        send(option, ByteBuffer.allocate(0));
        Reply reply = receive(option);
        if (reply.type == Handshake.REP_ERR_TLS_REQD) {
            throw reply.refusal();
        }
        return reply.type == Handshake.REP_ACK;
    }

    /** Names and descriptions. */
    private List<String[]> names() throws IOException {
        send(Handshake.OPT_LIST, ByteBuffer.allocate(0));
        List<String[]> names = new ArrayList<>();
        Reply reply;
        while ((reply = receive(Handshake.OPT_LIST)).type == Handshake.REP_SERVER) {
            if (names.size() == MOST_REPLIES) {
                throw broken("The server's list of exports has no end");
            }
            int length = reply.data.remaining() < Integer.BYTES ? -1 : reply.data.getInt();
            if (length < 0 || length > reply.data.remaining()) {
                throw broken("The server's list of exports makes no sense");
            }
            String name = text(reply.data, length);
            names.add(new String[] {name, text(reply.data, reply.data.remaining())});
        }
        if (reply.type != Handshake.REP_ACK) {
            throw reply.refusal();
        }
        return names;
    }

    private Listed describe(String name, String description, boolean extended, boolean structured) throws IOException {
        byte[] bytes = name.getBytes(StandardCharsets.UTF_8);
        send(
                Handshake.OPT_INFO,
                ByteBuffer.allocate(Integer.BYTES + bytes.length + 2 * Short.BYTES)
                        .putInt(bytes.length)
                        .put(bytes)
                        .putShort((short) 1)
                        .putShort((short) Handshake.INFO_BLOCK_SIZE)
                        .flip());
        long size = 0;
        int flags = 0;
        BlockSizes blockSizes = null;
        Reply reply;
        int count = 0;
        while ((reply = receive(Handshake.OPT_INFO)).type == Handshake.REP_INFO) {
            if (count++ == MOST_REPLIES) {
                throw broken("The server tells of export '" + name + "' without end");
            }
            int type = reply.data.remaining() < Short.BYTES ? -1 : reply.data.getShort();
            if (type == Handshake.INFO_EXPORT && reply.data.remaining() == Long.BYTES + Short.BYTES) {
                size = reply.data.getLong();
                flags = reply.data.getShort() & 0xffff;
            } else if (type == Handshake.INFO_BLOCK_SIZE && reply.data.remaining() == 3 * Integer.BYTES) {
                blockSizes = new BlockSizes(reply.data.getInt(), reply.data.getInt(), reply.data.getInt());
            }
        }
        if (reply.type != Handshake.REP_ACK) {
            throw reply.refusal();
        }
        return new Listed(
                name, description, size, flags, blockSizes, extended, structured ? contexts(bytes) : List.of());
    }

    private List<String> contexts(byte[] export) throws IOException {
        send(
                Handshake.OPT_LIST_META_CONTEXT,
                ByteBuffer.allocate(2 * Integer.BYTES + export.length)
                        .putInt(export.length)
                        .put(export)
                        .putInt(0)
                        .flip());
        List<String> contexts = new ArrayList<>();
        Reply reply;
        while ((reply = receive(Handshake.OPT_LIST_META_CONTEXT)).type == Handshake.REP_META_CONTEXT) {
            if (contexts.size() == MOST_REPLIES || reply.data.remaining() < Integer.BYTES) {
                throw broken("The server's list of contexts makes no sense");
            }
            reply.data.getInt();
            contexts.add(text(reply.data, reply.data.remaining()));
        }
        return contexts;
    }

    private void send(int option, ByteBuffer data) throws IOException {
        wire.write(
                ByteBuffer.allocate(Long.BYTES + 2 * Integer.BYTES)
                        .putLong(Handshake.OPTION_MAGIC)
                        .putInt(option)
                        .putInt(data.remaining())
                        .flip(),
                data);
    }

    private Reply receive(int option) throws IOException {
        ByteBuffer header = read(Long.BYTES + 3 * Integer.BYTES);
        if (header.getLong() != Handshake.REPLY_MAGIC || header.getInt() != option) {
            throw broken("Unexpected option reply");
        }
        int type = header.getInt();
        int length = header.getInt();
        if (length < 0 || length > LONGEST_REPLY) {
            throw broken("Option reply of " + Integer.toUnsignedString(length) + " bytes is too long");
        }
        return new Reply(option, type, read(length));
    }

    /** A reply to an option. */
    private record Reply(int option, int type, ByteBuffer data) {
        ImageException refusal() {
            String said = text(data, data.remaining());
            String sentence = type == Handshake.REP_ERR_TLS_REQD
                    ? "Server requires TLS for option " + option + " (" + Negotiation.optionName(option)
                            + ")\nDid you forget a valid tls-creds?"
                    : "The server does not list its exports";
            return broken(said.isEmpty() ? sentence : sentence + "\nserver reported: " + said);
        }
    }

    private ByteBuffer read(int length) throws IOException {
        ByteBuffer data = ByteBuffer.allocate(length);
        wire.read(data);
        return data.flip();
    }

    private static String text(ByteBuffer data, int length) {
        byte[] bytes = new byte[length];
        data.get(bytes);
        return new String(bytes, StandardCharsets.UTF_8);
    }

    private static ImageException broken(String sentence) {
        return new ImageException(ErrorKind.IO, sentence);
    }
}
