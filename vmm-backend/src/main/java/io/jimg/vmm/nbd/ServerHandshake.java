package io.jimg.vmm.nbd;

import io.jimg.nbd.ExportInfo.BlockSizes;
import io.jimg.nbd.ExportInfo.Replies;
import io.jimg.nbd.wire.Handshake;
import io.jimg.nbd.wire.TlsWire;
import io.jimg.nbd.wire.Wire;
import java.io.IOException;
import java.io.StreamCorruptedException;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The server's side of the handshake, fixed newstyle. The client is not trusted. Used once. */
final class ServerHandshake {
    /** The longest data of an option that are read; longer ones are skipped and refused. */
    private static final int LONGEST_OPTION = 64 << 10;
    /** Options that are longer end the session. */
    private static final int LONGEST_SKIP = Handshake.LARGEST_PAYLOAD;

    private static final int MOST_OPTIONS = 1000;
    private static final int MOST_QUERIES = 256;

    private final @Nullable ServerTls tls;
    private Wire wire;
    private boolean encrypted;
    private final Map<String, Offer> offers;
    private Replies replies = Replies.SIMPLE;
    private boolean padding = true;
    /** The export that the contexts were chosen for; null before they are. */
    private @Nullable String contextsOf;

    private List<MetadataContext> contexts = List.of();

    /**
     * A handshake to be done.
     *
     * @param tls null for none
     */
    ServerHandshake(Wire wire, Collection<Offer> offers, @Nullable ServerTls tls) {
        this.wire = wire;
        this.tls = tls;
        this.offers = new LinkedHashMap<>();
        offers.forEach(offer -> this.offers.put(offer.export().name(), offer));
    }

    /**
     * What client and server agreed on.
     *
     * @param wire that goes on
     * @param offer the export
     * @param replies how it is answered
     * @param contexts those that were chosen; the number of each is its place in the list
     */
    record Agreement(Wire wire, Offer offer, Replies replies, List<MetadataContext> contexts) {}

    /** An option as the client sent it. */
    private record ClientOption(int number, @Nullable ByteBuffer data) {}

    /** Goes through it; null where the client ends the session. */
    @Nullable
    Agreement run() throws IOException {
        wire.write(ByteBuffer.allocate(2 * Long.BYTES + Short.BYTES)
                .putLong(Handshake.INIT_MAGIC)
                .putLong(Handshake.OPTION_MAGIC)
                .putShort((short) (Handshake.FIXED_NEWSTYLE | Handshake.NO_ZEROES))
                .flip());
        int flags = read(Integer.BYTES).getInt();
        if ((flags & ~(Handshake.FIXED_NEWSTYLE | Handshake.NO_ZEROES)) != 0) {
            throw new StreamCorruptedException("unknown client flags");
        }
        padding = (flags & Handshake.NO_ZEROES) == 0;
        for (int i = 0; i < MOST_OPTIONS; i++) {
            ClientOption option = receive();
            if (option.number == Handshake.OPT_EXPORT_NAME) {
                if (tlsIsMissing()) {
                    throw new StreamCorruptedException("no export without TLS");
                }
                return exportName(option);
            }
            if (option.data == null) {
                reply(option, Handshake.REP_ERR_TOO_BIG, message("too long"));
                continue;
            }
            if (option.number == Handshake.OPT_ABORT) {
                reply(option, Handshake.REP_ACK);
                wire.finish();
                return null;
            }
            if (tlsIsMissing() && option.number != Handshake.OPT_STARTTLS) {
                reply(
                        option,
                        Handshake.REP_ERR_TLS_REQD,
                        message("Option 0x" + Integer.toHexString(option.number) + " not permitted before TLS"));
                continue;
            }
            Agreement agreement;
            try {
                agreement = answer(option, option.data);
            } catch (BufferUnderflowException tooShort) {
                reply(option, Handshake.REP_ERR_INVALID, message("option ends too soon"));
                continue;
            }
            if (agreement != null) {
                return agreement;
            }
        }
        throw new StreamCorruptedException("the client haggles without end");
    }

    /** The agreement, where the option was the last. */
    private @Nullable Agreement answer(ClientOption option, ByteBuffer data) throws IOException {
        switch (option.number) {
            case Handshake.OPT_LIST -> list(option, data);
            case Handshake.OPT_INFO, Handshake.OPT_GO -> {
                return inform(option, data);
            }
            case Handshake.OPT_STRUCTURED_REPLY -> {
                if (replies == Replies.EXTENDED) {
                    reply(option, Handshake.REP_ERR_EXT_HEADER_REQD, message("extended headers are in use"));
                } else {
                    upgrade(option, data, Replies.STRUCTURED);
                }
            }
            case Handshake.OPT_EXTENDED_HEADERS -> upgrade(option, data, Replies.EXTENDED);
            case Handshake.OPT_LIST_META_CONTEXT, Handshake.OPT_SET_META_CONTEXT -> metadata(option, data);
            case Handshake.OPT_STARTTLS -> startTls(option, data);
            default -> reply(option, Handshake.REP_ERR_UNSUP, message("Unsupported option " + option.number));
        }
        return null;
    }

    private boolean tlsIsMissing() {
        return tls != null && tls.required() && !encrypted;
    }

    /** Goes on in TLS, and forgets what was said before, for anybody may have said that. */
    private void startTls(ClientOption option, ByteBuffer data) throws IOException {
        if (tls == null) {
            reply(option, Handshake.REP_ERR_POLICY, message("TLS not configured"));
        } else if (data.hasRemaining()) {
            reply(option, Handshake.REP_ERR_INVALID, message("option with data"));
        } else if (encrypted) {
            reply(option, Handshake.REP_ERR_INVALID, message("TLS is in use"));
        } else {
            reply(option, Handshake.REP_ACK);
            wire = TlsWire.server(wire, tls.identity());
            encrypted = true;
            replies = Replies.SIMPLE;
            contexts = List.of();
            contextsOf = null;
        }
    }

    private void upgrade(ClientOption option, ByteBuffer data, Replies wanted) throws IOException {
        if (data.hasRemaining()) {
            reply(option, Handshake.REP_ERR_INVALID, message("option with data"));
        } else {
            replies = wanted;
            reply(option, Handshake.REP_ACK);
        }
    }

    private void list(ClientOption option, ByteBuffer data) throws IOException {
        if (data.hasRemaining()) {
            reply(option, Handshake.REP_ERR_INVALID, message("option with data"));
            return;
        }
        for (Offer offer : offers.values()) {
            byte[] name = bytes(offer.export().name());
            byte[] description = bytes(offer.export().description());
            reply(
                    option,
                    Handshake.REP_SERVER,
                    ByteBuffer.allocate(Integer.BYTES + name.length + description.length)
                            .putInt(name.length)
                            .put(name)
                            .put(description)
                            .flip());
        }
        reply(option, Handshake.REP_ACK);
    }

    /** The only option that knows no error: who asks for what is not there is left alone. */
    private Agreement exportName(ClientOption option) throws IOException {
        Offer offer = option.data == null || option.data.remaining() > Handshake.LONGEST_STRING
                ? null
                : offers.get(text(option.data, option.data.remaining()));
        if (offer == null || replies == Replies.EXTENDED) {
            throw new StreamCorruptedException("no such export");
        }
        Agreement agreement = agreement(offer);
        wire.write(ByteBuffer.allocate(Long.BYTES + Short.BYTES + (padding ? Handshake.PADDING : 0))
                .putLong(offer.size())
                .putShort((short) offer.flags(replies, !agreement.contexts.isEmpty()))
                .clear());
        return agreement;
    }

    private Agreement agreement(Offer offer) {
        return new Agreement(wire, offer, replies, offer.export().name().equals(contextsOf) ? contexts : List.of());
    }

    private @Nullable Agreement inform(ClientOption option, ByteBuffer data) throws IOException {
        String name = text(data, data.getInt());
        int count = data.getShort() & 0xffff;
        if (data.remaining() != count * Short.BYTES) {
            reply(option, Handshake.REP_ERR_INVALID, message("option of a wrong length"));
            return null;
        }
        boolean wantsName = false;
        boolean wantsDescription = false;
        while (data.hasRemaining()) {
            int wanted = data.getShort();
            wantsName |= wanted == Handshake.INFO_NAME;
            wantsDescription |= wanted == Handshake.INFO_DESCRIPTION;
        }
        Offer offer = offers.get(name);
        if (offer == null) {
            reply(option, Handshake.REP_ERR_UNKNOWN, message("export '" + name + "' not present"));
            return null;
        }
        if (wantsName) {
            information(option, Handshake.INFO_NAME, message(name));
        }
        if (wantsDescription && !offer.export().description().isEmpty()) {
            information(
                    option, Handshake.INFO_DESCRIPTION, message(offer.export().description()));
        }
        information(
                option,
                Handshake.INFO_BLOCK_SIZE,
                ByteBuffer.allocate(3 * Integer.BYTES)
                        .putInt(BlockSizes.DEFAULT.minimum())
                        .putInt(offer.preferredBlock())
                        .putInt(BlockSizes.DEFAULT.maximum())
                        .flip());
        Agreement agreement = agreement(offer);
        boolean begins = option.number == Handshake.OPT_GO;
        // Contexts may still be chosen after INFO.
        boolean payloads = !begins || !agreement.contexts.isEmpty();
        information(
                option,
                Handshake.INFO_EXPORT,
                ByteBuffer.allocate(Long.BYTES + Short.BYTES)
                        .putLong(offer.size())
                        .putShort((short) offer.flags(replies, payloads))
                        .flip());
        reply(option, Handshake.REP_ACK);
        return begins ? agreement : null;
    }

    private void information(ClientOption option, int type, ByteBuffer data) throws IOException {
        reply(
                option,
                Handshake.REP_INFO,
                ByteBuffer.allocate(Short.BYTES + data.remaining())
                        .putShort((short) type)
                        .put(data)
                        .flip());
    }

    /** Lists contexts, or chooses among them. */
    private void metadata(ClientOption option, ByteBuffer data) throws IOException {
        boolean choosing = option.number == Handshake.OPT_SET_META_CONTEXT;
        if (choosing) {
            contexts = List.of();
            contextsOf = null;
            if (replies == Replies.SIMPLE) {
                reply(option, Handshake.REP_ERR_INVALID, message("structured replies come first"));
                return;
            }
        }
        String name = text(data, data.getInt());
        List<String> queries = new ArrayList<>();
        int count = data.getInt();
        if (count < 0 || count > MOST_QUERIES) {
            reply(option, Handshake.REP_ERR_TOO_BIG, message("too many queries"));
            return;
        }
        for (int i = 0; i < count; i++) {
            queries.add(text(data, data.getInt()));
        }
        Offer offer = offers.get(name);
        if (data.hasRemaining()) {
            reply(option, Handshake.REP_ERR_INVALID, message("option of a wrong length"));
        } else if (offer == null) {
            reply(option, Handshake.REP_ERR_UNKNOWN, message("export '" + name + "' not present"));
        } else {
            List<MetadataContext> chosen = new ArrayList<>();
            for (MetadataContext context : offer.contexts()) {
                if (choosing ? queries.contains(context.name()) : isListed(context.name(), queries)) {
                    context(option, context, choosing ? chosen.size() : 0);
                    chosen.add(context);
                }
            }
            if (choosing) {
                contexts = chosen;
                contextsOf = name;
            }
            reply(option, Handshake.REP_ACK);
        }
    }

    /** A query lists what it names, or what begins with it where it ends with a colon; no query lists all. */
    private static boolean isListed(String context, List<String> queries) {
        return queries.isEmpty()
                || queries.stream()
                        .anyMatch(query -> query.equals(context) || (query.endsWith(":") && context.startsWith(query)));
    }

    private void context(ClientOption option, MetadataContext context, int id) throws IOException {
        byte[] name = bytes(context.name());
        reply(
                option,
                Handshake.REP_META_CONTEXT,
                ByteBuffer.allocate(Integer.BYTES + name.length)
                        .putInt(id)
                        .put(name)
                        .flip());
    }

    private ClientOption receive() throws IOException {
        ByteBuffer header = read(Long.BYTES + 2 * Integer.BYTES);
        if (header.getLong() != Handshake.OPTION_MAGIC) {
            throw new StreamCorruptedException("an option without magic");
        }
        int number = header.getInt();
        int length = header.getInt();
        if (length < 0 || length > LONGEST_SKIP) {
            throw new StreamCorruptedException("an option beyond all bounds");
        }
        if (length <= LONGEST_OPTION) {
            return new ClientOption(number, read(length));
        }
        for (int left = length; left > 0; left -= LONGEST_OPTION) {
            read(Math.min(left, LONGEST_OPTION));
        }
        return new ClientOption(number, null);
    }

    private void reply(ClientOption option, int type) throws IOException {
        reply(option, type, ByteBuffer.allocate(0));
    }

    private void reply(ClientOption option, int type, ByteBuffer data) throws IOException {
        ByteBuffer header = ByteBuffer.allocate(Long.BYTES + 3 * Integer.BYTES)
                .putLong(Handshake.REPLY_MAGIC)
                .putInt(option.number)
                .putInt(type)
                .putInt(data.remaining())
                .flip();
        wire.write(header, data);
    }

    private ByteBuffer read(int length) throws IOException {
        ByteBuffer data = ByteBuffer.allocate(length);
        wire.read(data);
        return data.flip();
    }

    /** A string of the option's data; too long a one is as bad as one that ends too soon. */
    private static String text(ByteBuffer data, int length) {
        if (length < 0 || length > data.remaining() || length > Handshake.LONGEST_STRING) {
            throw new BufferUnderflowException();
        }
        byte[] bytes = new byte[length];
        data.get(bytes);
        return new String(bytes, StandardCharsets.UTF_8);
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static ByteBuffer message(String text) {
        byte[] bytes = bytes(text);
        return ByteBuffer.wrap(bytes, 0, Math.min(bytes.length, Handshake.LONGEST_STRING));
    }
}
