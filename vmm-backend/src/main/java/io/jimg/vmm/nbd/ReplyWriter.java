package io.jimg.vmm.nbd;

import io.jimg.nbd.ExportInfo.Replies;
import io.jimg.nbd.StatusExtent;
import io.jimg.nbd.wire.NbdError;
import io.jimg.nbd.wire.Transmission;
import io.jimg.nbd.wire.Wire;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;

/** Writes replies, each message in one piece, for many threads. */
final class ReplyWriter {
    private final Wire wire;
    private final Replies replies;
    private final ReentrantLock sending = new ReentrantLock();

    ReplyWriter(Wire wire, Replies replies) {
        this.wire = wire;
        this.replies = replies;
    }

    /** Whether a reply to a read may come in several pieces. */
    boolean structured() {
        return replies != Replies.SIMPLE;
    }

    /** A request without an answer of its own is done, or the last piece of a read was sent. */
    void done(ServerRequest request) throws IOException {
        if (structured()) {
            send(chunk(request, Transmission.REPLY_DONE, Transmission.REPLY_NONE, 0, 0));
        } else {
            send(simple(request, 0));
        }
    }

    /** A request failed. */
    void error(ServerRequest request, NbdError error) throws IOException {
        if (!structured()) {
            send(simple(request, error.number()));
            return;
        }
        int length = Integer.BYTES + Short.BYTES;
        send(chunk(request, Transmission.REPLY_DONE, Transmission.REPLY_ERROR, length, length)
                .putInt(error.number())
                .putShort((short) 0));
    }

    /**
     * Bytes that were read.
     *
     * @param last whether no more is to come; always so in a simple reply
     */
    void data(ServerRequest request, long offset, ByteBuffer data, boolean last) throws IOException {
        if (structured()) {
            ByteBuffer head = chunk(
                            request,
                            last ? Transmission.REPLY_DONE : 0,
                            Transmission.REPLY_OFFSET_DATA,
                            Long.BYTES + (long) data.remaining(),
                            Long.BYTES)
                    .putLong(offset);
            send(head, data);
        } else {
            send(simple(request, 0), data);
        }
    }

    /** Bytes that are known to be zero, fewer than 4 GiB; only where replies are structured. */
    void hole(ServerRequest request, long offset, long length, boolean last) throws IOException {
        int payload = Long.BYTES + Integer.BYTES;
        send(chunk(request, last ? Transmission.REPLY_DONE : 0, Transmission.REPLY_OFFSET_HOLE, payload, payload)
                .putLong(offset)
                .putInt((int) length));
    }

    /**
     * What a context says; only where replies are structured.
     *
     * @param context the context's number
     */
    void status(ServerRequest request, int context, List<StatusExtent> extents, boolean last) throws IOException {
        boolean wide = replies == Replies.EXTENDED;
        int length = wide
                ? 2 * Integer.BYTES + extents.size() * 2 * Long.BYTES
                : Integer.BYTES + extents.size() * 2 * Integer.BYTES;
        int type = wide ? Transmission.REPLY_BLOCK_STATUS_EXT : Transmission.REPLY_BLOCK_STATUS;
        ByteBuffer chunk = chunk(request, last ? Transmission.REPLY_DONE : 0, type, length, length)
                .putInt(context);
        if (wide) {
            chunk.putInt(extents.size());
            extents.forEach(extent -> chunk.putLong(extent.length()).putLong(extent.status()));
        } else {
            extents.forEach(extent -> chunk.putInt((int) extent.length()).putInt((int) extent.status()));
        }
        send(chunk);
    }

    private static ByteBuffer simple(ServerRequest request, int error) {
        return ByteBuffer.allocate(Transmission.SIMPLE_REPLY_HEADER)
                .putInt(Transmission.SIMPLE_REPLY_MAGIC)
                .putInt(error)
                .putLong(request.cookie());
    }

    /**
     * A chunk's header.
     *
     * @param payload bytes that the header announces
     * @param room how many of them will be put behind it
     */
    private ByteBuffer chunk(ServerRequest request, int flags, int type, long payload, int room) {
        if (replies == Replies.EXTENDED) {
            return ByteBuffer.allocate(Transmission.EXTENDED_HEADER + room)
                    .putInt(Transmission.EXTENDED_REPLY_MAGIC)
                    .putShort((short) flags)
                    .putShort((short) type)
                    .putLong(request.cookie())
                    .putLong(request.offset())
                    .putLong(payload);
        }
        return ByteBuffer.allocate(Transmission.STRUCTURED_REPLY_HEADER + room)
                .putInt(Transmission.STRUCTURED_REPLY_MAGIC)
                .putShort((short) flags)
                .putShort((short) type)
                .putLong(request.cookie())
                .putInt((int) payload);
    }

    private void send(ByteBuffer head, ByteBuffer... rest) throws IOException {
        ByteBuffer[] message = new ByteBuffer[1 + rest.length];
        message[0] = head.flip();
        System.arraycopy(rest, 0, message, 1, rest.length);
        sending.lock();
        try {
            wire.write(message);
        } finally {
            sending.unlock();
        }
    }
}
