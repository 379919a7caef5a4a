package io.jimg.vmm.nbd;

import io.jimg.nbd.ExportInfo.Replies;
import io.jimg.nbd.wire.Transmission;
import java.io.StreamCorruptedException;
import java.nio.ByteBuffer;

/**
 * A request's header.
 *
 * @param flags of the command
 * @param command what is asked
 * @param cookie comes back with the reply
 * @param offset first byte
 * @param length bytes that it is about, or of its payload; unsigned
 */
record ServerRequest(int flags, int command, long cookie, long offset, long length) {

    /** Bytes of a header. */
    static int headerLength(Replies replies) {
        return replies == Replies.EXTENDED ? Transmission.EXTENDED_HEADER : Transmission.REQUEST_HEADER;
    }

    static ServerRequest parse(ByteBuffer header, Replies replies) throws StreamCorruptedException {
        boolean extended = replies == Replies.EXTENDED;
        int magic = header.getInt();
        if (magic != (extended ? Transmission.EXTENDED_REQUEST_MAGIC : Transmission.REQUEST_MAGIC)) {
            throw new StreamCorruptedException("a request without magic");
        }
        int flags = header.getShort() & 0xffff;
        int command = header.getShort() & 0xffff;
        long cookie = header.getLong();
        long offset = header.getLong();
        long length = extended ? header.getLong() : Integer.toUnsignedLong(header.getInt());
        return new ServerRequest(flags, command, cookie, offset, length);
    }

    boolean has(int flag) {
        return (flags & flag) != 0;
    }

    /**
     * Bytes that follow the header. QEMU's client writes without {@link Transmission#FLAG_PAYLOAD_LEN} where the
     * extension demands it; what a write is about follows all the same.
     */
    long payload(Replies replies) {
        return command == Transmission.CMD_WRITE || (replies == Replies.EXTENDED && has(Transmission.FLAG_PAYLOAD_LEN))
                ? length
                : 0;
    }

    /** Whether the range lies inside of a device. */
    boolean inside(long size) {
        return offset >= 0 && length >= 0 && offset <= size && length <= size - offset;
    }

    /** The flags that the command knows. */
    int knownFlags() {
        return switch (command) {
            case Transmission.CMD_READ -> Transmission.FLAG_DF | Transmission.FLAG_FUA;
            case Transmission.CMD_WRITE -> Transmission.FLAG_FUA | Transmission.FLAG_PAYLOAD_LEN;
            case Transmission.CMD_WRITE_ZEROES ->
                Transmission.FLAG_FUA | Transmission.FLAG_NO_HOLE | Transmission.FLAG_FAST_ZERO;
            case Transmission.CMD_BLOCK_STATUS ->
                Transmission.FLAG_REQ_ONE | Transmission.FLAG_FUA | Transmission.FLAG_PAYLOAD_LEN;
            default -> Transmission.FLAG_FUA;
        };
    }
}
