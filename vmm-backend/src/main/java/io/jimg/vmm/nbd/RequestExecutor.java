package io.jimg.vmm.nbd;

import io.jimg.BlockDevice;
import io.jimg.Extent;
import io.jimg.WriteFlag;
import io.jimg.ZeroMode;
import io.jimg.nbd.StatusExtent;
import io.jimg.nbd.wire.Handshake;
import io.jimg.nbd.wire.NbdError;
import io.jimg.nbd.wire.Transmission;
import io.jimg.vmm.ExportCounters;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Does what requests of one connection ask of its export, and answers them. For many threads. What fails on the device
 * is an answer; what fails on the wire is an exception.
 */
final class RequestExecutor {
    /**
     * Reads that are shorter are answered as they are, for asking where their zeroes are costs more than sending them.
     */
    private static final int SPARSE_READ = 32 << 10;

    private static final int MOST_EXTENTS = 16 << 10;
    private static final WriteFlag[] NO_FLAGS = {};
    private static final WriteFlag[] FUA = {WriteFlag.FUA};

    private final Offer offer;
    private final BlockDevice device;
    private final List<MetadataContext> contexts;
    private final ReplyWriter replies;
    /** Held by the one request that may use more memory than others. */
    private final ReentrantLock whole = new ReentrantLock();

    RequestExecutor(Offer offer, List<MetadataContext> contexts, ReplyWriter replies) {
        this.offer = offer;
        this.device = offer.export().device();
        this.contexts = contexts;
        this.replies = replies;
    }

    /** Why a request cannot be done at all; null where it can. Its payload is skipped then. */
    @Nullable
    NbdError refusal(ServerRequest request) {
        int command = request.command();
        if (command == Transmission.CMD_DISC || command > Transmission.CMD_BLOCK_STATUS) {
            return NbdError.INVALID;
        }
        if ((request.flags() & ~request.knownFlags()) != 0) {
            return NbdError.INVALID;
        }
        boolean writes = command == Transmission.CMD_WRITE
                || command == Transmission.CMD_WRITE_ZEROES
                || command == Transmission.CMD_TRIM;
        if (writes && offer.export().readOnly()) {
            return NbdError.PERMISSION;
        }
        if (command == Transmission.CMD_FLUSH || isFiltered(request)) {
            return null;
        }
        if (!request.inside(device.size())) {
            return writes && command != Transmission.CMD_TRIM ? NbdError.NO_SPACE : NbdError.INVALID;
        }
        return command == Transmission.CMD_READ && request.length() > Handshake.LARGEST_PAYLOAD
                ? NbdError.OVERFLOW
                : null;
    }

    /** Whether the payload says what is asked, instead of the header. */
    private static boolean isFiltered(ServerRequest request) {
        return request.command() == Transmission.CMD_BLOCK_STATUS && request.has(Transmission.FLAG_PAYLOAD_LEN);
    }

    private static ExportCounters.Request kind(int command) {
        return switch (command) {
            case Transmission.CMD_READ -> ExportCounters.Request.READ;
            case Transmission.CMD_WRITE -> ExportCounters.Request.WRITE;
            case Transmission.CMD_FLUSH -> ExportCounters.Request.FLUSH;
            default -> ExportCounters.Request.OTHER;
        };
    }

    /** Answers a request that cannot be done. */
    void refuse(ServerRequest request, NbdError why) throws IOException {
        offer.counters().count(kind(request.command()), 0);
        fail(request, why);
    }

    private void fail(ServerRequest request, NbdError why) throws IOException {
        offer.counters().countFailure();
        replies.error(request, why);
    }

    /** Writes a piece of a payload. */
    void writePiece(ServerRequest request, ByteBuffer piece, long offset) throws IOException {
        device.write(piece, offset, flags(request));
    }

    private static WriteFlag[] flags(ServerRequest request) {
        return request.has(Transmission.FLAG_FUA) ? FUA : NO_FLAGS;
    }

    /** Ends a request whose payload was written, or could not be. */
    void written(ServerRequest request, @Nullable IOException failure) throws IOException {
        offer.counters().count(ExportCounters.Request.WRITE, request.length());
        if (failure == null) {
            replies.done(request);
        } else {
            fail(request, NbdError.of(failure));
        }
    }

    /**
     * Does and answers a request that was not {@link #refusal refused} and is no write.
     *
     * @param payload of a block status that has one; null otherwise
     */
    void execute(ServerRequest request, @Nullable ByteBuffer payload, RequestBuffer buffer) throws IOException {
        offer.counters().count(kind(request.command()), request.length());
        switch (request.command()) {
            case Transmission.CMD_READ -> read(request, buffer);
            case Transmission.CMD_BLOCK_STATUS -> status(request, payload);
            default -> {
                try {
                    order(request, buffer);
                } catch (IOException failure) {
                    fail(request, NbdError.of(failure));
                    return;
                }
                replies.done(request);
            }
        }
    }

    /** Commands without an answer but that they are done. */
    private void order(ServerRequest request, RequestBuffer buffer) throws IOException {
        long offset = request.offset();
        long length = request.length();
        switch (request.command()) {
            case Transmission.CMD_FLUSH -> device.flush();
            case Transmission.CMD_TRIM -> {
                device.discard(offset, length);
                if (request.has(Transmission.FLAG_FUA)) {
                    device.flush();
                }
            }
            case Transmission.CMD_WRITE_ZEROES -> device.writeZeroes(offset, length, mode(request), flags(request));
            default -> {
                // Reading puts it into the host's cache, and into the image's own.
                for (long done = 0; done < length; ) {
                    ByteBuffer piece = buffer.take(length - done);
                    int read = piece.remaining();
                    device.read(piece, offset + done);
                    done += read;
                }
            }
        }
    }

    private static ZeroMode mode(ServerRequest request) throws IOException {
        if (!request.has(Transmission.FLAG_NO_HOLE)) {
            return request.has(Transmission.FLAG_FAST_ZERO) ? ZeroMode.ONLY_IF_FAST : ZeroMode.MAY_UNMAP;
        }
        if (request.has(Transmission.FLAG_FAST_ZERO)) {
            // Whether space can be kept without writing, no device tells in advance.
            throw NbdError.UNSUPPORTED.exception("", request.offset());
        }
        return ZeroMode.KEEP_ALLOCATED;
    }

    // ---- reading ---------------------------------------------------------------------------------------------------

    private void read(ServerRequest request, RequestBuffer buffer) throws IOException {
        int length = (int) request.length();
        boolean onePiece = !replies.structured() || request.has(Transmission.FLAG_DF);
        if (length == 0) {
            replies.done(request);
        } else if (onePiece || length < SPARSE_READ) {
            ByteBuffer data = buffer.take(length);
            if (data.remaining() == length) {
                readWhole(request, data);
            } else {
                readLarge(request, length);
            }
        } else {
            readSparse(request, buffer);
        }
    }

    private void readLarge(ServerRequest request, int length) throws IOException {
        whole.lock();
        try {
            readWhole(request, ByteBuffer.allocate(length));
        } finally {
            whole.unlock();
        }
    }

    private void readWhole(ServerRequest request, ByteBuffer data) throws IOException {
        try {
            device.read(data, request.offset());
        } catch (IOException failure) {
            fail(request, NbdError.of(failure));
            return;
        }
        replies.data(request, request.offset(), data.flip(), true);
    }

    /** Sends data and holes as they come; a failure ends the reply. */
    private void readSparse(ServerRequest request, RequestBuffer buffer) throws IOException {
        long end = request.offset() + request.length();
        for (long at = request.offset(); at < end; ) {
            boolean zero;
            long next;
            ByteBuffer data = null;
            try {
                Extent extent = device.extentAt(at, end - at);
                zero = extent.zero();
                next = extent.end();
                while (next < end && next - at < RequestBuffer.LARGEST) {
                    Extent more = device.extentAt(next, end - next);
                    if (more.zero() != zero) {
                        break;
                    }
                    next = more.end();
                }
                if (!zero) {
                    data = buffer.take(next - at);
                    next = at + data.remaining();
                    device.read(data, at);
                }
            } catch (IOException failure) {
                fail(request, NbdError.of(failure));
                return;
            }
            if (data == null) {
                replies.hole(request, at, next - at, next == end);
            } else {
                replies.data(request, at, data.flip(), next == end);
            }
            at = next;
        }
    }

    // ---- block status ----------------------------------------------------------------------------------------------

    private void status(ServerRequest request, @Nullable ByteBuffer payload) throws IOException {
        long length = request.length();
        List<Integer> ids = IntStream.range(0, contexts.size()).boxed().toList();
        if (payload != null) {
            length = payload.getLong();
            ids = new ArrayList<>();
            while (payload.hasRemaining()) {
                ids.add(payload.getInt());
            }
        }
        ServerRequest range =
                new ServerRequest(request.flags(), request.command(), request.cookie(), request.offset(), length);
        Set<Integer> distinct = new HashSet<>(ids);
        if (ids.isEmpty()
                || distinct.size() < ids.size()
                || ids.stream().anyMatch(id -> id < 0 || id >= contexts.size())
                || length == 0
                || !range.inside(device.size())) {
            fail(request, NbdError.INVALID);
            return;
        }
        int most = request.has(Transmission.FLAG_REQ_ONE) ? 1 : MOST_EXTENTS;
        for (int i = 0; i < ids.size(); i++) {
            List<StatusExtent> extents;
            try {
                extents = contexts.get(ids.get(i)).extents(request.offset(), length, most);
            } catch (IOException failure) {
                fail(request, NbdError.of(failure));
                return;
            }
            replies.status(request, ids.get(i), extents, i == ids.size() - 1);
        }
    }
}
