package io.jimg.nbd;

import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.nbd.ExportInfo.BlockSizes;
import io.jimg.nbd.ExportInfo.Context;
import io.jimg.nbd.ExportInfo.Replies;
import io.jimg.nbd.wire.Handshake;
import io.jimg.nbd.wire.TlsWire;
import io.jimg.nbd.wire.Wire;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/** The client's side of the handshake, in the order in which QEMU goes through it. Used once. */
final class Negotiation {
    /** The longest reply to an option that is read. */
    private static final int LONGEST_REPLY = 64 << 10;
    /** How many replies one option may have. */
    private static final int MOST_REPLIES = 1024;

    private static final int LARGEST_MINIMUM = 64 << 10;
    private static final int LEAST_PREFERRED = 512;

    private final String export;
    private final List<String> wanted;
    private final @Nullable ClientTls tls;
    private Wire wire;
    /**
     * Whether TLS is spoken and nothing has come back yet, which is when a client learns what became of its own side.
     */
    private boolean unconfirmed;

    private boolean padding = true;
    private Replies replies = Replies.SIMPLE;
    private List<Context> contexts = List.of();
    private long size = -1;
    private int flags;
    private BlockSizes blockSizes = BlockSizes.DEFAULT;

    /** A handshake to be done. Contexts of metadata that the server does not have are left out of its result. */
    Negotiation(Wire wire, Target target) {
        this.wire = wire;
        this.export = target.export();
        this.wanted = target.contexts();
        this.tls = target.tls();
    }

    /** The wire that goes on from here, which is another than in the beginning where TLS is spoken. */
    Wire wire() {
        return wire;
    }

    /** Goes through it, up to where requests may be sent. */
    ExportInfo run() throws IOException {
        try {
            begin();
        } catch (ImageException said) {
            throw said;
        } catch (SSLException refused) {
            throw broken(TlsRefusal.sentence(refused), refused);
        } catch (IOException gone) {
            if (unconfirmed) {
                // In TLS 1.3 a client learns only after the handshake that its certificate was not wanted.
                throw broken(TlsRefusal.lastWords(wire), gone);
            }
            if (gone instanceof EOFException) {
                throw broken("Failed to read data: " + gone.getMessage(), gone);
            }
            throw broken("Connection lost in the handshake: " + gone.getMessage(), gone);
        }
        if (size < 0) {
            throw broken("export length " + Long.toUnsignedString(size) + " is too large", null);
        }
        if (size % blockSizes.minimum() != 0) {
            throw broken(
                    "export size " + size + " is not multiple of minimum block size " + blockSizes.minimum(), null);
        }
        return new ExportInfo(size, flags, blockSizes, replies, contexts);
    }

    private void begin() throws IOException {
        ByteBuffer greeting = read(2 * Long.BYTES);
        long initial = greeting.getLong();
        if (initial != Handshake.INIT_MAGIC) {
            throw broken("Bad initial magic received: 0x" + Long.toHexString(initial), null);
        }
        long magic = greeting.getLong();
        if (magic == Handshake.OLDSTYLE_MAGIC) {
            oldstyle();
        } else if (magic == Handshake.OPTION_MAGIC) {
            newstyle();
        } else {
            throw broken("Bad server magic received: 0x" + Long.toHexString(magic), null);
        }
    }

    private void oldstyle() throws IOException {
        requireNoTls();
        if (!export.isEmpty()) {
            throw broken("Server does not support non-empty export names", null);
        }
        ByteBuffer reply = read(Long.BYTES + Integer.BYTES + Handshake.PADDING);
        size = reply.getLong();
        flags = reply.getInt() & 0xffff;
    }

    private void newstyle() throws IOException {
        int offered = read(Short.BYTES).getShort();
        boolean fixed = (offered & Handshake.FIXED_NEWSTYLE) != 0;
        padding = (offered & Handshake.NO_ZEROES) == 0;
        int answer = (fixed ? Handshake.FIXED_NEWSTYLE : 0) | (padding ? 0 : Handshake.NO_ZEROES);
        wire.write(ByteBuffer.allocate(Integer.BYTES).putInt(answer).flip());
        if (!fixed) {
            requireNoTls();
            exportName();
            return;
        }
        if (tls != null) {
            startTls(tls);
        }
        if (accepted(Handshake.OPT_EXTENDED_HEADERS)) {
            replies = Replies.EXTENDED;
        } else if (accepted(Handshake.OPT_STRUCTURED_REPLY)) {
            replies = Replies.STRUCTURED;
        }
        if (replies != Replies.SIMPLE && !wanted.isEmpty()) {
            chooseContexts();
        }
        if (!go()) {
            exportName();
        }
    }

    private void requireNoTls() throws ImageException {
        if (tls != null) {
            throw broken("Server does not support STARTTLS", null);
        }
    }

    private void startTls(ClientTls wish) throws IOException {
        if (wish.identity().verifyPeer() && wish.hostname() == null) {
            throw broken("No hostname for certificate validation", null);
        }
        send(Handshake.OPT_STARTTLS, ByteBuffer.allocate(0));
        OptionReply reply = receive(Handshake.OPT_STARTTLS);
        if (reply.type != Handshake.REP_ACK) {
            reply.requireUnsupported();
            throw broken("Server does not support STARTTLS", null);
        }
        try {
            wire = TlsWire.client(wire, wish.identity(), wish.hostname());
        } catch (SSLException refused) {
            throw broken(TlsRefusal.sentence(refused), refused);
        } catch (IOException gone) {
            throw broken(TlsRefusal.lastWords(wire), gone);
        }
        unconfirmed = true;
    }

    /** Whether the server does; a server that refuses the export, too, says so when it comes to that. */
    private boolean accepted(int option) throws IOException {
        send(option, ByteBuffer.allocate(0));
        OptionReply reply = receive(option);
        if (reply.type >= 0 && reply.type != Handshake.REP_ACK) {
            throw reply.unexpected();
        }
        return reply.type == Handshake.REP_ACK;
    }

    private void chooseContexts() throws IOException {
        byte[] name = bytes(export);
        List<byte[]> queries = new ArrayList<>();
        int length = 2 * Integer.BYTES + name.length;
        for (String context : wanted) {
            byte[] query = bytes(context);
            queries.add(query);
            length += Integer.BYTES + query.length;
        }
        ByteBuffer data =
                ByteBuffer.allocate(length).putInt(name.length).put(name).putInt(queries.size());
        queries.forEach(query -> data.putInt(query.length).put(query));
        send(Handshake.OPT_SET_META_CONTEXT, data.flip());
        List<Context> chosen = new ArrayList<>();
        OptionReply reply = receive(Handshake.OPT_SET_META_CONTEXT);
        while (reply.type == Handshake.REP_META_CONTEXT && chosen.size() < wanted.size()) {
            if (reply.data.remaining() < Integer.BYTES) {
                throw broken("Failed to read data: context of " + reply.data.remaining() + " bytes", null);
            }
            chosen.add(new Context(reply.data.getInt(), text(reply.data)));
            reply = receive(Handshake.OPT_SET_META_CONTEXT);
        }
        if (reply.type == Handshake.REP_ACK) {
            contexts = chosen;
        } else if (reply.type >= 0) {
            throw reply.unexpected();
        }
        // A server that refuses has no contexts for us; what keeps the export from being used, it says next.
    }

    /** Whether the server knows the option; where it refuses the export, an exception says so. */
    private boolean go() throws IOException {
        byte[] name = bytes(export);
        ByteBuffer data = ByteBuffer.allocate(Integer.BYTES + name.length + 2 * Short.BYTES);
        data.putInt(name.length).put(name).putShort((short) 1).putShort((short) Handshake.INFO_BLOCK_SIZE);
        send(Handshake.OPT_GO, data.flip());
        boolean told = false;
        for (int i = 0; i < MOST_REPLIES; i++) {
            OptionReply reply = receive(Handshake.OPT_GO);
            if (reply.type == Handshake.REP_INFO && reply.data.remaining() >= Short.BYTES) {
                told |= information(reply.data.getShort(), reply.data);
            } else if (reply.type == Handshake.REP_ACK && told) {
                return true;
            } else {
                reply.requireUnsupported();
                return false;
            }
        }
        throw broken("Server sent too much information about export '" + export + "'", null);
    }

    /** Whether it was the information without which there is no export. */
    private boolean information(int type, ByteBuffer data) throws ImageException {
        if (type == Handshake.INFO_EXPORT) {
            requireLength(data, Long.BYTES + Short.BYTES);
            size = data.getLong();
            flags = data.getShort() & 0xffff;
            return true;
        }
        if (type == Handshake.INFO_BLOCK_SIZE) {
            requireLength(data, 3 * Integer.BYTES);
            blockSizes = blockSizes(data.getInt(), data.getInt(), data.getInt());
        }
        return false;
    }

    private void requireLength(ByteBuffer data, int length) throws ImageException {
        if (data.remaining() != length) {
            throw broken("Failed to read data: information of " + data.remaining() + " bytes", null);
        }
    }

    private BlockSizes blockSizes(int minimum, int preferred, int maximum) throws ImageException {
        if (Integer.bitCount(minimum) != 1 || minimum < 0 || minimum > LARGEST_MINIMUM) {
            throw broken(
                    "server minimum block size " + Integer.toUnsignedString(minimum)
                            + (Integer.bitCount(minimum) == 1 ? " exceeds 65536" : " is not a power of two"),
                    null);
        }
        if (Integer.bitCount(preferred) != 1 || preferred < minimum) {
            throw broken("server preferred block size " + Integer.toUnsignedString(preferred) + " is not valid", null);
        }
        // Unsigned; more than we would send or read at once means nothing.
        int most = maximum < 0 ? Handshake.LARGEST_PAYLOAD : Math.min(maximum, Handshake.LARGEST_PAYLOAD);
        if (most < minimum) {
            throw broken("server maximum block size " + Integer.toUnsignedString(maximum) + " is not valid", null);
        }
        return new BlockSizes(minimum, Math.max(preferred, LEAST_PREFERRED), most / minimum * minimum);
    }

    /** The only option of old servers. A server that refuses just closes. */
    private void exportName() throws IOException {
        send(Handshake.OPT_EXPORT_NAME, ByteBuffer.wrap(bytes(export)));
        ByteBuffer reply = read(Long.BYTES + Short.BYTES + (padding ? Handshake.PADDING : 0));
        size = reply.getLong();
        flags = reply.getShort() & 0xffff;
    }

    private void send(int option, ByteBuffer data) throws IOException {
        ByteBuffer header = ByteBuffer.allocate(Long.BYTES + 2 * Integer.BYTES)
                .putLong(Handshake.OPTION_MAGIC)
                .putInt(option)
                .putInt(data.remaining())
                .flip();
        wire.write(header, data);
    }

    private OptionReply receive(int option) throws IOException {
        ByteBuffer header = read(Long.BYTES + 3 * Integer.BYTES);
        unconfirmed = false;
        if (header.getLong() != Handshake.REPLY_MAGIC) {
            throw broken("Unexpected option reply magic", null);
        }
        int answered = header.getInt();
        if (answered != option) {
            throw broken("Unexpected option type " + answered + " (expected " + option + ")", null);
        }
        int type = header.getInt();
        int length = header.getInt();
        if (length < 0 || length > LONGEST_REPLY) {
            throw broken("Option reply of " + Integer.toUnsignedString(length) + " bytes is too long", null);
        }
        return new OptionReply(option, type, read(length));
    }

    /** A reply to an option. */
    private final class OptionReply {
        final int option;
        final int type;
        final ByteBuffer data;

        OptionReply(int option, int type, ByteBuffer data) {
            this.option = option;
            this.type = type;
            this.data = data;
        }

        /** The server does not know the option; anything else is an exception. */
        void requireUnsupported() throws ImageException {
            if (type == Handshake.REP_ERR_UNSUP) {
                return;
            }
            if (type >= 0) {
                throw unexpected();
            }
            String said = text(data);
            ImageException refusal = new ImageException(
                    type == Handshake.REP_ERR_UNKNOWN ? ErrorKind.NOT_FOUND : ErrorKind.IO,
                    refusal() + (said.isEmpty() ? "" : "\nserver reported: " + said),
                    export,
                    ImageException.NO_OFFSET,
                    null);
            try {
                send(Handshake.OPT_ABORT, ByteBuffer.allocate(0));
            } catch (IOException gone) {
                refusal.addSuppressed(gone);
            }
            throw refusal;
        }

        private String refusal() {
            String which = " option " + option + " (" + optionName(option) + ")";
            return switch (type) {
                case Handshake.REP_ERR_POLICY -> "Denied by server for" + which;
                case Handshake.REP_ERR_INVALID -> "Invalid parameters for" + which;
                case Handshake.REP_ERR_PLATFORM -> "Server lacks support for" + which;
                case Handshake.REP_ERR_TLS_REQD ->
                    "TLS negotiation required before" + which + "\nDid you forget a valid tls-creds?";
                case Handshake.REP_ERR_UNKNOWN -> "Requested export not available";
                case Handshake.REP_ERR_SHUTDOWN -> "Server shutting down before" + which;
                case Handshake.REP_ERR_BLOCK_SIZE_REQD -> "Server requires INFO_BLOCK_SIZE for" + which;
                default -> "Unknown error code when asking for" + which;
            };
        }

        ImageException unexpected() {
            return broken("Unexpected reply type " + type + " to option " + option, null);
        }
    }

    static String optionName(int option) {
        return switch (option) {
            case Handshake.OPT_GO -> "go";
            case Handshake.OPT_STARTTLS -> "starttls";
            case Handshake.OPT_STRUCTURED_REPLY -> "structured reply";
            case Handshake.OPT_SET_META_CONTEXT -> "set meta context";
            case Handshake.OPT_EXTENDED_HEADERS -> "extended headers";
            default -> "<unknown>";
        };
    }

    private ByteBuffer read(int length) throws IOException {
        ByteBuffer data = ByteBuffer.allocate(length);
        wire.read(data);
        return data.flip();
    }

    private static byte[] bytes(String text) throws ImageException {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        if (bytes.length > Handshake.LONGEST_STRING) {
            throw new ImageException(ErrorKind.BAD_OPTION, "export name or context too long to send to server");
        }
        return bytes;
    }

    private static String text(ByteBuffer data) {
        byte[] bytes = new byte[Math.min(data.remaining(), Handshake.LONGEST_STRING)];
        data.get(bytes);
        return new String(bytes, StandardCharsets.UTF_8);
    }

    private ImageException broken(String sentence, @Nullable Throwable cause) {
        return new ImageException(ErrorKind.IO, sentence, export, ImageException.NO_OFFSET, cause);
    }
}
