package io.jimg.nbd;

import io.jimg.nbd.ExportInfo.Replies;
import io.jimg.nbd.wire.Handshake;
import io.jimg.nbd.wire.NbdError;
import io.jimg.nbd.wire.Transmission;
import io.jimg.nbd.wire.Wire;
import java.io.IOException;
import java.io.StreamCorruptedException;
import java.nio.ByteBuffer;
import java.util.function.LongFunction;
import org.jspecify.annotations.Nullable;

/**
 * Reads replies, one message at a time, straight into the buffers of those who asked. The server is not trusted: what
 * does not belong to a request, or is longer than it may be, ends the connection before anything is read for it.
 */
final class ReplyReader {
    /** How many extents we take of one reply ("SHOULD NOT send more than 2^20 status descriptors"). */
    private static final int MOST_EXTENTS = 1 << 20;

    private static final int ERROR_HEADER = Integer.BYTES + Short.BYTES;

    private final Wire wire;
    private final Replies replies;
    private final ByteBuffer header = ByteBuffer.allocate(Transmission.EXTENDED_HEADER);

    ReplyReader(Wire wire, Replies replies) {
        this.wire = wire;
        this.replies = replies;
    }

    /** The header of a chunk, or of a simple reply told as one. */
    private record Chunk(int flags, int type, long length) {}

    /**
     * Reads one message.
     *
     * @param pending the request of a cookie; null for none
     * @return the request that is answered now; null where more of it is to come
     */
    @Nullable
    PendingRequest receive(LongFunction<@Nullable PendingRequest> pending) throws IOException {
        int magic = read(Integer.BYTES).getInt();
        if (magic == Transmission.SIMPLE_REPLY_MAGIC && replies != Replies.EXTENDED) {
            ByteBuffer rest = read(Transmission.SIMPLE_REPLY_HEADER - Integer.BYTES);
            int error = rest.getInt();
            PendingRequest request = find(pending, rest.getLong());
            simple(request, error);
            return request;
        }
        Chunk chunk;
        PendingRequest request;
        if (magic == Transmission.STRUCTURED_REPLY_MAGIC && replies == Replies.STRUCTURED) {
            ByteBuffer rest = read(Transmission.STRUCTURED_REPLY_HEADER - Integer.BYTES);
            int flags = rest.getShort();
            int type = rest.getShort() & 0xffff;
            request = find(pending, rest.getLong());
            chunk = new Chunk(flags, type, Integer.toUnsignedLong(rest.getInt()));
        } else if (magic == Transmission.EXTENDED_REPLY_MAGIC && replies == Replies.EXTENDED) {
            ByteBuffer rest = read(Transmission.EXTENDED_HEADER - Integer.BYTES);
            int flags = rest.getShort();
            int type = rest.getShort() & 0xffff;
            request = find(pending, rest.getLong());
            rest.getLong(); // The offset of the request, once more.
            chunk = new Chunk(flags, type, rest.getLong());
        } else {
            throw new StreamCorruptedException("invalid magic 0x" + Integer.toHexString(magic));
        }
        chunk(request, chunk);
        return (chunk.flags & Transmission.REPLY_DONE) == 0 ? null : request;
    }

    private static PendingRequest find(LongFunction<@Nullable PendingRequest> pending, long cookie)
            throws StreamCorruptedException {
        PendingRequest request = pending.apply(cookie);
        if (request == null) {
            throw new StreamCorruptedException("a reply to no request");
        }
        return request;
    }

    private void simple(PendingRequest request, int error) throws IOException {
        if (error != 0) {
            request.error = NbdError.of(error);
        } else if (request.command == Transmission.CMD_READ) {
            require(replies == Replies.SIMPLE, "a simple reply to a read");
            wire.read(request.place(request.offset, request.length));
        } else {
            require(request.command != Transmission.CMD_BLOCK_STATUS, "a simple reply to a block status");
        }
    }

    private void chunk(PendingRequest request, Chunk chunk) throws IOException {
        switch (chunk.type) {
            case Transmission.REPLY_NONE ->
                require(chunk.length == 0 && (chunk.flags & Transmission.REPLY_DONE) != 0, "an empty chunk");
            case Transmission.REPLY_OFFSET_DATA -> {
                require(chunk.length > Long.BYTES, "a chunk of data");
                long offset = read(Long.BYTES).getLong();
                wire.read(request.place(offset, chunk.length - Long.BYTES));
            }
            case Transmission.REPLY_OFFSET_HOLE -> {
                require(chunk.length == Long.BYTES + Integer.BYTES, "a chunk of a hole");
                ByteBuffer hole = read(Long.BYTES + Integer.BYTES);
                fillZeroes(request.place(hole.getLong(), Integer.toUnsignedLong(hole.getInt())));
            }
            case Transmission.REPLY_BLOCK_STATUS -> {
                require(replies == Replies.STRUCTURED, "a short block status");
                extents(request, chunk.length, Integer.BYTES, 2 * Integer.BYTES);
            }
            case Transmission.REPLY_BLOCK_STATUS_EXT -> {
                require(replies == Replies.EXTENDED, "a long block status");
                extents(request, chunk.length, 2 * Integer.BYTES, 2 * Long.BYTES);
            }
            default -> {
                require((chunk.type & Transmission.REPLY_ERROR_BIT) != 0, "an unknown chunk");
                error(request, chunk.length);
            }
        }
    }

    private void error(PendingRequest request, long length) throws IOException {
        require(
                length >= ERROR_HEADER && length <= ERROR_HEADER + Handshake.LONGEST_STRING + Long.BYTES,
                "a chunk of an error");
        ByteBuffer data = ByteBuffer.allocate((int) length);
        wire.read(data);
        data.flip();
        int number = data.getInt();
        require(number != 0 && (data.getShort() & 0xffff) <= data.remaining(), "a chunk of an error");
        request.error = NbdError.of(number);
    }

    private void extents(PendingRequest request, long length, int head, int each) throws IOException {
        long count = (length - head) / each;
        require(
                request.command == Transmission.CMD_BLOCK_STATUS
                        && count > 0
                        && count <= MOST_EXTENTS
                        && length == head + count * each,
                "a chunk of block status");
        ByteBuffer first = read(head);
        boolean wanted = first.getInt() == request.context;
        require(head == Integer.BYTES || first.getInt() == count, "a chunk of block status");
        require(!wanted || request.extents.isEmpty(), "a second chunk for a context");
        long total = 0;
        for (int i = 0; i < count; i++) {
            ByteBuffer extent = read(each);
            long bytes = head == Integer.BYTES ? Integer.toUnsignedLong(extent.getInt()) : extent.getLong();
            long status = head == Integer.BYTES ? Integer.toUnsignedLong(extent.getInt()) : extent.getLong();
            require(bytes > 0, "an empty extent");
            // What lies past the request is of no interest.
            if (wanted && total < request.length) {
                request.extents.add(new StatusExtent(Math.min(bytes, request.length - total), status));
                total += bytes;
                require(total > 0, "extents beyond all bounds");
            }
        }
    }

    private static void require(boolean condition, String what) throws StreamCorruptedException {
        if (!condition) {
            throw new StreamCorruptedException("the server sent " + what + " that makes no sense");
        }
    }

    private static void fillZeroes(ByteBuffer place) {
        while (place.remaining() >= Long.BYTES) {
            place.putLong(0);
        }
        while (place.hasRemaining()) {
            place.put((byte) 0);
        }
    }

    private ByteBuffer read(int length) throws IOException {
        header.clear().limit(length);
        wire.read(header);
        return header.flip();
    }
}
