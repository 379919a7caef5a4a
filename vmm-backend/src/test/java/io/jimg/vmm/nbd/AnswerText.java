package io.jimg.vmm.nbd;

import static org.assertj.core.api.Assertions.assertThat;

import io.jimg.nbd.wire.Handshake;
import io.jimg.nbd.wire.Transmission;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** What a server answers, in a few words that a table can hold. */
final class AnswerText {
    private static final Map<Integer, String> REPLIES = Map.ofEntries(
            Map.entry(Handshake.REP_ACK, "ack"),
            Map.entry(Handshake.REP_SERVER, "server"),
            Map.entry(Handshake.REP_INFO, "info"),
            Map.entry(Handshake.REP_META_CONTEXT, "context"),
            Map.entry(Handshake.REP_ERR_UNSUP, "unsupported"),
            Map.entry(Handshake.REP_ERR_POLICY, "policy"),
            Map.entry(Handshake.REP_ERR_INVALID, "invalid"),
            Map.entry(Handshake.REP_ERR_UNKNOWN, "unknown"),
            Map.entry(Handshake.REP_ERR_TOO_BIG, "too-big"),
            Map.entry(Handshake.REP_ERR_EXT_HEADER_REQD, "extended-headers"));

    private AnswerText() {}

    /** What becomes of a connection. */
    static String end(RawClient client) throws IOException {
        return client.hungUp() ? "hangs up" : "goes on";
    }

    /** Replies to an option. */
    static String print(List<RawClient.Reply> replies, RawClient client) {
        assertThat(client.channel.isOpen()).isTrue();
        return String.join(", ", replies.stream().map(AnswerText::print).toList());
    }

    private static String print(RawClient.Reply reply) {
        String type = REPLIES.getOrDefault(reply.type(), "0x" + Integer.toHexString(reply.type()));
        ByteBuffer data = ByteBuffer.wrap(reply.data());
        switch (reply.type()) {
            case Handshake.REP_SERVER -> {
                String name = text(data, data.getInt());
                String description = text(data, data.remaining());
                return type + " " + name + (description.isEmpty() ? "" : ": " + description);
            }
            case Handshake.REP_META_CONTEXT -> {
                data.getInt();
                return type + " " + text(data, data.remaining());
            }
            case Handshake.REP_INFO -> {
                return type + " "
                        + switch (data.getShort()) {
                            case Handshake.INFO_EXPORT -> "export " + reply.data().length;
                            case Handshake.INFO_NAME -> "name";
                            case Handshake.INFO_DESCRIPTION -> "description";
                            case Handshake.INFO_BLOCK_SIZE ->
                                "size " + data.getInt() + " " + data.getInt() + " " + data.getInt();
                            default -> "unknown";
                        };
            }
            default -> {
                return type;
            }
        }
    }

    private static String text(ByteBuffer data, int length) {
        byte[] bytes = new byte[length];
        data.get(bytes);
        return new String(bytes, StandardCharsets.UTF_8);
    }

    /** Chunks with their content; a message of an error is left out. */
    static String print(List<RawClient.Chunk> chunks) {
        StringBuilder text = new StringBuilder();
        for (RawClient.Chunk chunk : chunks) {
            ByteBuffer data = chunk.buffer();
            text.append(text.isEmpty() ? "" : ", ");
            switch (chunk.type()) {
                case RawClient.SIMPLE -> text.append("simple ").append(data.getInt());
                case Transmission.REPLY_NONE -> text.append("none");
                case Transmission.REPLY_OFFSET_DATA -> text.append("data ").append(data.getLong());
                case Transmission.REPLY_ERROR, Transmission.REPLY_ERROR_OFFSET ->
                    text.append("error ").append(data.getInt());
                default -> text.append("type ").append(chunk.type());
            }
            if (chunk.type() == RawClient.SIMPLE || chunk.type() == Transmission.REPLY_OFFSET_DATA) {
                text.append(data.hasRemaining() ? " " : "");
                while (data.hasRemaining()) {
                    text.append(data.get());
                }
            }
        }
        return text.toString();
    }

    /** Chunks with what they say of ranges, neighbours of one kind joined, for servers cut where they like. */
    static String tell(List<RawClient.Chunk> chunks) {
        List<String> told = new ArrayList<>();
        for (RawClient.Chunk chunk : chunks) {
            ByteBuffer data = chunk.buffer();
            switch (chunk.type()) {
                case Transmission.REPLY_OFFSET_DATA -> {
                    long offset = data.getLong();
                    told.add("data " + offset + "+" + data.remaining());
                }
                case Transmission.REPLY_OFFSET_HOLE -> told.add("hole " + data.getLong() + "+" + data.getInt());
                case Transmission.REPLY_BLOCK_STATUS -> {
                    data.getInt();
                    StringBuilder text = new StringBuilder("status");
                    while (data.hasRemaining()) {
                        text.append(" ").append(Integer.toUnsignedLong(data.getInt()));
                        text.append("=").append(data.getInt());
                    }
                    told.add(text.toString());
                }
                case Transmission.REPLY_BLOCK_STATUS_EXT -> {
                    data.getInt();
                    data.getInt();
                    StringBuilder text = new StringBuilder("extents");
                    while (data.hasRemaining()) {
                        text.append(" ").append(data.getLong()).append("=").append(data.getLong());
                    }
                    told.add(text.toString());
                }
                default -> {
                    if (chunk.type() != Transmission.REPLY_NONE || chunks.size() == 1) {
                        told.add(print(List.of(chunk)));
                    }
                }
            }
        }
        return String.join(told.stream().allMatch(each -> each.startsWith("status")) ? "; " : ", ", told);
    }
}
