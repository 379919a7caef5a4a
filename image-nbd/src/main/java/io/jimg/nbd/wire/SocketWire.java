package io.jimg.nbd.wire;

import java.io.EOFException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.SocketAddress;
import java.net.StandardProtocolFamily;
import java.net.StandardSocketOptions;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ClosedSelectorException;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import org.jspecify.annotations.Nullable;

/**
 * A socket. Its channel does not block: one that does is closed for all when a thread is interrupted in it, so waiting
 * is left to selectors, one for each direction.
 */
public final class SocketWire implements Wire {
    private static final int INPUT_BUFFER = 16 << 10;
    /** What is read past the buffer, for copying it would cost more than another call to the host. */
    private static final int DIRECT_READ = 4 << 10;
    /** Java copies heap buffers through direct ones of the same length, which it keeps. */
    private static final int LARGEST_HEAP_TRANSFER = 256 << 10;

    private final SocketChannel channel;
    /** Null where the channel blocks. */
    private final @Nullable Selector readable;

    private final @Nullable Selector writable;

    private final ByteBuffer input = ByteBuffer.allocateDirect(INPUT_BUFFER).limit(0);

    private volatile boolean heard;

    private SocketWire(SocketChannel channel, @Nullable Selector readable, @Nullable Selector writable) {
        this.channel = channel;
        this.readable = readable;
        this.writable = writable;
    }

    /** Owns a connected channel from now on, whose threads may be interrupted. */
    public static SocketWire of(SocketChannel channel) throws IOException {
        channel.configureBlocking(false);
        sendAtOnce(channel);
        Selector readable = Selector.open();
        try {
            Selector writable = Selector.open();
            channel.register(readable, SelectionKey.OP_READ);
            channel.register(writable, SelectionKey.OP_WRITE);
            return new SocketWire(channel, readable, writable);
        } catch (IOException failure) {
            readable.close();
            throw failure;
        }
    }

    /** Owns a connected channel from now on, that no thread is interrupted in. */
    public static SocketWire blocking(SocketChannel channel) throws IOException {
        channel.configureBlocking(true);
        sendAtOnce(channel);
        return new SocketWire(channel, null, null);
    }

    private static void sendAtOnce(SocketChannel channel) throws IOException {
        if (!(channel.getLocalAddress() instanceof UnixDomainSocketAddress)) {
            channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
        }
    }

    /** Connects to an address of the host or of a Unix socket. */
    public static SocketWire connect(SocketAddress address) throws IOException {
        SocketChannel channel = address instanceof UnixDomainSocketAddress
                ? SocketChannel.open(StandardProtocolFamily.UNIX)
                : SocketChannel.open();
        try {
            channel.configureBlocking(false);
            if (!channel.connect(address)) {
                try (Selector connected = Selector.open()) {
                    channel.register(connected, SelectionKey.OP_CONNECT);
                    while (!channel.finishConnect()) {
                        await(connected);
                    }
                }
            }
            return of(channel);
        } catch (Throwable failure) {
            channel.close();
            throw failure;
        }
    }

    @Override
    public void read(ByteBuffer destination) throws IOException {
        while (destination.hasRemaining()) {
            if (input.hasRemaining()) {
                int length = Math.min(input.remaining(), destination.remaining());
                destination.put(destination.position(), input, input.position(), length);
                destination.position(destination.position() + length);
                input.position(input.position() + length);
            } else if (destination.remaining() >= DIRECT_READ) {
                receive(destination);
            } else {
                input.clear();
                try {
                    receive(input);
                } finally {
                    input.flip();
                }
            }
        }
    }

    private void receive(ByteBuffer destination) throws IOException {
        int end = destination.limit();
        if (!destination.isDirect()) {
            destination.limit(destination.position() + Math.min(LARGEST_HEAP_TRANSFER, destination.remaining()));
        }
        try {
            int read = channel.read(destination);
            while (read == 0) {
                await(readable);
                read = channel.read(destination);
            }
            if (read > 0 && !heard) {
                heard = true;
            }
            if (read < 0) {
                throw new EOFException("Unexpected end-of-file before all data were read");
            }
        } finally {
            destination.limit(end);
        }
    }

    /** Whether the other side has said anything yet that was read. */
    public boolean heard() {
        return heard;
    }

    @Override
    public void write(ByteBuffer... sources) throws IOException {
        for (ByteBuffer source : sources) {
            if (!source.isDirect() && source.remaining() > LARGEST_HEAP_TRANSFER) {
                writeInPieces(sources);
                return;
            }
        }
        send(sources);
    }

    private void writeInPieces(ByteBuffer[] sources) throws IOException {
        for (ByteBuffer source : sources) {
            int end = source.limit();
            while (source.position() < end) {
                source.limit(Math.min(end, source.position() + LARGEST_HEAP_TRANSFER));
                send(source);
                source.limit(end);
            }
        }
    }

    private void send(ByteBuffer... sources) throws IOException {
        int last = sources.length - 1;
        for (int first = 0; first <= last; ) {
            if (!sources[first].hasRemaining()) {
                first++;
            } else if (channel.write(sources, first, sources.length - first) == 0) {
                await(writable);
            }
        }
    }

    /** Waits until the channel is ready, or closed. An interrupt would end each wait at once, so it is put off. */
    private static void await(@Nullable Selector selector) throws IOException {
        if (selector == null) {
            return;
        }
        boolean interrupted = Thread.interrupted();
        try {
            selector.select();
            selector.selectedKeys().clear();
        } catch (ClosedSelectorException closed) {
            throw (ClosedChannelException) new ClosedChannelException().initCause(closed);
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /** Whoever reads finds the end, now or when what has come is read; writing goes on. */
    public void endInput() throws IOException {
        channel.shutdownInput();
    }

    /** {@inheritDoc} The other side finds the end once it has read all. */
    @Override
    public void finish() throws IOException {
        channel.shutdownOutput();
    }

    @Override
    public void close() {
        try (channel;
                readable;
                writable) {
            // Waiting threads wake up and find it closed.
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }
}
