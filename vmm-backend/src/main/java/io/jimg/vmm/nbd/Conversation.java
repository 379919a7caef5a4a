package io.jimg.vmm.nbd;

import io.jimg.nbd.ExportInfo.Replies;
import io.jimg.nbd.wire.Handshake;
import io.jimg.nbd.wire.NbdError;
import io.jimg.nbd.wire.Transmission;
import io.jimg.nbd.wire.Wire;
import java.io.EOFException;
import java.io.IOException;
import java.io.StreamCorruptedException;
import java.nio.ByteBuffer;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The transmission phase of one connection. Its threads take turns: whose turn it is reads one request, leaves the next
 * to another thread, and then does and answers its own. So no request is handed from one thread to another, and no more
 * of them are under way than there are threads.
 */
final class Conversation {
    /** The longest payload of a block status: as many contexts as anybody chooses. */
    private static final int LONGEST_FILTER = 4096;

    private final Wire wire;
    private final Replies format;
    private final RequestExecutor executor;
    private final ReplyWriter replies;
    private final int mostThreads;
    private final Consumer<Runnable> threads;

    /** Whose turn it is to read holds it. */
    private final ReentrantLock turn = new ReentrantLock();

    private final AtomicInteger running = new AtomicInteger();
    private final ByteBuffer header;
    private volatile boolean ended;

    /**
     * A conversation to be held.
     *
     * @param mostThreads that work on requests at once
     * @param threads starts one
     */
    Conversation(ServerHandshake.Agreement agreement, int mostThreads, Consumer<Runnable> threads) {
        this.wire = agreement.wire();
        this.format = agreement.replies();
        this.replies = new ReplyWriter(wire, format);
        this.executor = new RequestExecutor(agreement.offer(), agreement.contexts(), replies);
        this.mostThreads = mostThreads;
        this.threads = threads;
        this.header = ByteBuffer.allocateDirect(ServerRequest.headerLength(format));
    }

    /** Holds it with this thread as the first, and returns when all threads are done. */
    void run() {
        running.incrementAndGet();
        work();
        synchronized (this) {
            boolean interrupted = false;
            while (running.get() > 0) {
                try {
                    wait();
                } catch (InterruptedException later) {
                    interrupted = true;
                }
            }
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
        try {
            wire.finish();
        } catch (IOException gone) {
            // Who left without waiting for a last word misses none.
            wire.close();
        }
    }

    /** Takes no more requests; those that were read are finished. */
    void end() {
        ended = true;
    }

    private void work() {
        try (RequestBuffer buffer = new RequestBuffer()) {
            while (step(buffer)) {
                // One request after the other.
            }
        } catch (EOFException | StreamCorruptedException theClientsDoing) {
            ended = true;
        } catch (IOException broken) {
            // Nobody is there to be told, and nobody can be answered any more.
            wire.close();
        } finally {
            ended = true;
            if (running.decrementAndGet() == 0) {
                synchronized (this) {
                    notifyAll();
                }
            }
        }
    }

    /** A request and what is to become of it. */
    private record Task(
            ServerRequest request,
            @Nullable NbdError refusal,
            @Nullable ByteBuffer payload) {}

    /** Reads and does one request; false where there are no more. */
    private boolean step(RequestBuffer buffer) throws IOException {
        Task task;
        turn.lock();
        try {
            if (ended) {
                return false;
            }
            task = read(buffer);
            if (task == null) {
                ended = true;
                return false;
            }
            if (!turn.hasQueuedThreads()) {
                startAnother();
            }
        } finally {
            turn.unlock();
        }
        ServerRequest request = task.request;
        if (task.refusal != null) {
            executor.refuse(request, task.refusal);
        } else if (request.command() != Transmission.CMD_WRITE) {
            executor.execute(request, task.payload, buffer);
        } else if (task.payload != null) {
            executor.written(request, write(request, task.payload, request.offset()));
        }
        return true;
    }

    private void startAnother() {
        if (running.incrementAndGet() <= mostThreads) {
            threads.accept(this::work);
        } else {
            running.decrementAndGet();
        }
    }

    /** Reads a request with its payload; null where the client ends the session. */
    private @Nullable Task read(RequestBuffer buffer) throws IOException {
        header.clear();
        wire.read(header);
        ServerRequest request = ServerRequest.parse(header.flip(), format);
        if (request.command() == Transmission.CMD_DISC) {
            return null;
        }
        long payload = request.payload(format);
        if (payload < 0 || payload > Handshake.LARGEST_PAYLOAD) {
            throw new StreamCorruptedException("a payload beyond all bounds");
        }
        boolean mayFilter = format == Replies.EXTENDED || !request.has(Transmission.FLAG_PAYLOAD_LEN);
        NbdError refusal = mayFilter ? executor.refusal(request) : NbdError.INVALID;
        if (refusal == null && request.command() == Transmission.CMD_WRITE) {
            return readWrite(request, buffer);
        }
        if (refusal == null && payload > 0 && isFilter(payload)) {
            ByteBuffer filter = ByteBuffer.allocate((int) payload);
            wire.read(filter);
            return new Task(request, null, filter.flip());
        }
        skip(payload, buffer);
        return new Task(request, refusal == null && payload > 0 ? NbdError.INVALID : refusal, null);
    }

    private static boolean isFilter(long payload) {
        return payload >= Long.BYTES && payload <= LONGEST_FILTER && (payload - Long.BYTES) % Integer.BYTES == 0;
    }

    /** A payload that fits is written by and by; a larger one as it comes, and answered at once. */
    private Task readWrite(ServerRequest request, RequestBuffer buffer) throws IOException {
        long length = request.length();
        ByteBuffer data = buffer.take(length);
        if (data.remaining() == length) {
            wire.read(data);
            return new Task(request, null, data.flip());
        }
        IOException failure = null;
        for (long done = 0; done < length; ) {
            ByteBuffer piece = buffer.take(length - done);
            wire.read(piece);
            piece.flip();
            int read = piece.remaining();
            if (failure == null) {
                failure = write(request, piece, request.offset() + done);
            }
            done += read;
        }
        executor.written(request, failure);
        return new Task(request, null, null);
    }

    /** The failure of the device, which is an answer and not the end of the connection. */
    private @Nullable IOException write(ServerRequest request, ByteBuffer data, long offset) {
        try {
            executor.writePiece(request, data, offset);
            return null;
        } catch (IOException failure) {
            return failure;
        }
    }

    private void skip(long length, RequestBuffer buffer) throws IOException {
        for (long left = length; left > 0; ) {
            ByteBuffer piece = buffer.take(left);
            left -= piece.remaining();
            wire.read(piece);
        }
    }
}
