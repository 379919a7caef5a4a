package io.jimg.nbd;

import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.nbd.ExportInfo.Context;
import io.jimg.nbd.ExportInfo.Replies;
import io.jimg.nbd.wire.Transmission;
import io.jimg.nbd.wire.Wire;
import java.io.IOException;
import java.io.StreamCorruptedException;
import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * One connection to an export, for many threads: each request is one of the protocol's, and as many are in flight as
 * threads wait for them. Ranges must lie inside the export, obey its block sizes and, where bytes are carried, not
 * exceed its largest payload; a server may be stricter than it says and refuse.
 *
 * <p>There is no thread behind it. Of those who wait for replies one reads, for all, until its own reply has come.
 *
 * <p>Requests fail with an {@link ImageException} in the words of the protocol's error, and with a
 * {@link ConnectionLostException} once the connection is gone; it does not come back. A thread that is interrupted goes
 * on.
 */
public final class NbdClient implements AutoCloseable {
    private static final ByteBuffer NOTHING = ByteBuffer.allocate(0);

    private final String name;
    private final Wire wire;
    private final ExportInfo info;
    private final ReplyReader reader;

    private final ReentrantLock sending = new ReentrantLock();
    /** Guards what follows. Never held while anything is read or written. */
    private final ReentrantLock state = new ReentrantLock();

    private final Map<Long, PendingRequest> pending = new HashMap<>();
    private long nextCookie = 1;
    /** Who reads replies for all; null for nobody. */
    private @Nullable Thread receiver;

    private @Nullable Throwable lost;
    private boolean closed;

    private NbdClient(String name, Wire wire, ExportInfo info) {
        this.name = name;
        this.wire = wire;
        this.info = info;
        this.reader = new ReplyReader(wire, info.replies());
    }

    /**
     * Connects and negotiates.
     *
     * @param export empty for the default export
     * @param contexts names of the contexts of metadata to be chosen
     */
    public static NbdClient connect(NbdAddress address, String export, List<String> contexts) throws IOException {
        return connect(new Target(address, export, contexts, null));
    }

    /**
     * Connects and negotiates in TLS.
     *
     * @param export empty for the default export
     * @param contexts names of the contexts of metadata to be chosen
     * @throws ImageException where the server does not do so, or is not who it should be
     */
    public static NbdClient connect(NbdAddress address, String export, List<String> contexts, ClientTls tls)
            throws IOException {
        return connect(new Target(address, export, contexts, tls));
    }

    static NbdClient connect(Target target) throws IOException {
        Wire wire = Connector.connect(target.address());
        try {
            Negotiation negotiation = new Negotiation(wire, target);
            ExportInfo info = negotiation.run();
            return new NbdClient(target.url(), negotiation.wire(), info);
        } catch (Throwable failure) {
            wire.close();
            throw failure;
        }
    }

    /** What the server says of the export. */
    public ExportInfo info() {
        return info;
    }

    /** Fills a buffer from its position to its limit. */
    public void read(ByteBuffer destination, long offset) throws IOException {
        int length = destination.remaining();
        if (length == 0) {
            return;
        }
        PendingRequest request = request(Transmission.CMD_READ, 0, offset, length, destination, -1, NOTHING);
        if (request.covered != length) {
            throw lose(new StreamCorruptedException("the server left bytes out"));
        }
        destination.position(destination.limit());
    }

    /**
     * Writes a buffer from its position to its limit.
     *
     * @param fua whether it is durable when this returns
     */
    public void write(ByteBuffer source, long offset, boolean fua) throws IOException {
        if (!source.hasRemaining()) {
            return;
        }
        int flags = fua ? Transmission.FLAG_FUA : 0;
        ByteBuffer data = source.slice();
        request(Transmission.CMD_WRITE, flags, offset, data.remaining(), null, -1, data);
        source.position(source.limit());
    }

    /**
     * Writes zeroes without carrying them.
     *
     * @param flags of {@link Transmission#FLAG_FUA}, {@link Transmission#FLAG_NO_HOLE} and
     *     {@link Transmission#FLAG_FAST_ZERO}, those that the export knows
     */
    void writeZeroes(long offset, long length, int flags) throws IOException {
        request(Transmission.CMD_WRITE_ZEROES, flags, offset, length, null, -1, NOTHING);
    }

    /**
     * Writes zeroes without carrying them.
     *
     * @param keepAllocated whether the range must keep, or get, its space
     * @param onlyIfFast whether to fail with {@link ErrorKind#UNSUPPORTED} where writing them would be as fast
     * @param fua whether they are durable when this returns
     */
    public void writeZeroes(long offset, long length, boolean keepAllocated, boolean onlyIfFast, boolean fua)
            throws IOException {
        writeZeroes(
                offset,
                length,
                (keepAllocated ? Transmission.FLAG_NO_HOLE : 0)
                        | (onlyIfFast ? Transmission.FLAG_FAST_ZERO : 0)
                        | (fua ? Transmission.FLAG_FUA : 0));
    }

    /** Tells the server that these bytes are of no interest any more; what they read as is open. */
    public void trim(long offset, long length) throws IOException {
        request(Transmission.CMD_TRIM, 0, offset, length, null, -1, NOTHING);
    }

    /** Makes durable what has been answered before, on this connection. */
    public void flush() throws IOException {
        request(Transmission.CMD_FLUSH, 0, 0, 0, null, -1, NOTHING);
    }

    /**
     * What a context of metadata says of a range.
     *
     * @param context one of those that {@link ExportInfo#contexts()} names
     * @param one whether one extent is enough
     * @return one run or more, from the offset on; perhaps less than the range, never more
     */
    public List<StatusExtent> blockStatus(Context context, long offset, long length, boolean one) throws IOException {
        PendingRequest request = request(
                Transmission.CMD_BLOCK_STATUS,
                one ? Transmission.FLAG_REQ_ONE : 0,
                offset,
                length,
                null,
                context.id(),
                NOTHING);
        if (request.extents.isEmpty()) {
            throw lose(new StreamCorruptedException("the server left the context out"));
        }
        return List.copyOf(request.extents);
    }

    /** Sends a request and waits for its reply. */
    private PendingRequest request(
            int command,
            int flags,
            long offset,
            long length,
            @Nullable ByteBuffer destination,
            int context,
            ByteBuffer payload)
            throws IOException {
        PendingRequest request =
                new PendingRequest(command, flags, offset, length, destination, context, state.newCondition());
        enter(request);
        ByteBuffer header = header(request);
        sending.lock();
        try {
            wire.write(header, payload);
        } catch (IOException failure) {
            lose(failure);
        } finally {
            sending.unlock();
        }
        await(request);
        if (request.lost != null) {
            throw closed() ? closedException() : new ConnectionLostException(name, request.lost);
        }
        if (request.error != null) {
            throw request.error.exception(name, offset);
        }
        return request;
    }

    private void enter(PendingRequest request) throws ImageException {
        state.lock();
        try {
            if (closed) {
                throw closedException();
            }
            if (lost != null) {
                throw new ConnectionLostException(name, lost);
            }
            request.cookie = nextCookie++;
            pending.put(request.cookie, request);
        } finally {
            state.unlock();
        }
    }

    private ByteBuffer header(PendingRequest request) {
        if (info.replies() == Replies.EXTENDED) {
            int flags = request.commandFlags
                    | (request.command == Transmission.CMD_WRITE ? Transmission.FLAG_PAYLOAD_LEN : 0);
            return ByteBuffer.allocate(Transmission.EXTENDED_HEADER)
                    .putInt(Transmission.EXTENDED_REQUEST_MAGIC)
                    .putShort((short) flags)
                    .putShort((short) request.command)
                    .putLong(request.cookie)
                    .putLong(request.offset)
                    .putLong(request.length)
                    .flip();
        }
        return ByteBuffer.allocate(Transmission.REQUEST_HEADER)
                .putInt(Transmission.REQUEST_MAGIC)
                .putShort((short) request.commandFlags)
                .putShort((short) request.command)
                .putLong(request.cookie)
                .putLong(request.offset)
                .putInt((int) request.length)
                .flip();
    }

    /** Waits until the request is done, and reads replies meanwhile where nobody else does. */
    private void await(PendingRequest request) {
        state.lock();
        try {
            while (!request.done) {
                if (receiver != null) {
                    request.wake.awaitUninterruptibly();
                } else {
                    receiver = Thread.currentThread();
                    try {
                        receiveUntilDone(request);
                    } finally {
                        receiver = null;
                        handOver();
                    }
                }
            }
        } finally {
            state.unlock();
        }
    }

    /** Reads replies until this request's is among them; {@link #state} is held when it is called and returns. */
    private void receiveUntilDone(PendingRequest own) {
        while (!own.done) {
            PendingRequest answered = null;
            state.unlock();
            try {
                answered = reader.receive(this::find);
            } catch (IOException failure) {
                lose(failure);
            } finally {
                state.lock();
            }
            if (answered != null) {
                PendingRequest finished = answered;
                pending.remove(finished.cookie);
                finished.done = true;
                finished.wake.signal();
            }
        }
    }

    /** Wakes one who waits, so that somebody reads. */
    private void handOver() {
        for (PendingRequest other : pending.values()) {
            if (!other.done) {
                other.wake.signal();
                return;
            }
        }
    }

    private @Nullable PendingRequest find(long cookie) {
        state.lock();
        try {
            return pending.get(cookie);
        } finally {
            state.unlock();
        }
    }

    /** Ends the connection; whoever waits learns it. */
    private ConnectionLostException lose(Throwable cause) {
        wire.close();
        state.lock();
        try {
            if (lost == null) {
                lost = cause;
            }
            // Who reads may be filling somebody's buffer: it finds the connection closed, and comes by here itself.
            if (receiver == null || receiver == Thread.currentThread()) {
                for (PendingRequest request : pending.values()) {
                    request.lost = lost;
                    request.done = true;
                    request.wake.signal();
                }
                pending.clear();
            }
            return new ConnectionLostException(name, lost);
        } finally {
            state.unlock();
        }
    }

    private boolean closed() {
        state.lock();
        try {
            return closed;
        } finally {
            state.unlock();
        }
    }

    private ImageException closedException() {
        return new ImageException(ErrorKind.CLOSED, "'" + name + "' is closed");
    }

    /** Ends the session as the protocol wants it, and the connection. Requests in flight fail. Idempotent. */
    @Override
    public void close() {
        state.lock();
        try {
            if (closed) {
                return;
            }
            closed = true;
            if (lost != null) {
                return;
            }
        } finally {
            state.unlock();
        }
        sending.lock();
        try {
            PendingRequest end = new PendingRequest(Transmission.CMD_DISC, 0, 0, 0, null, -1, state.newCondition());
            wire.write(header(end));
            wire.finish();
        } catch (IOException gone) {
            lose(gone);
            return;
        } finally {
            sending.unlock();
        }
        lose(new IOException("closed"));
    }
}
