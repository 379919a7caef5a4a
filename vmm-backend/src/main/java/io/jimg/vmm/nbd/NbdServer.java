package io.jimg.vmm.nbd;

import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.nbd.NbdAddress;
import io.jimg.nbd.wire.SocketWire;
import io.jimg.vmm.ExportCounters;
import io.jimg.vmm.ExportStatistics;
import io.jimg.vmm.socket.SocketFile;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * An NBD server: exports under names, on a Unix socket or a TCP port, for several clients at once. Clients are not
 * trusted. A device's flush covers all of its clients, which is promised to them. Safe for many threads; its own
 * threads are daemons.
 *
 * <p>Spoken is fixed newstyle negotiation with structured replies, extended headers, and {@code base:allocation},
 * {@code qemu:allocation-depth} and {@code qemu:dirty-bitmap:NAME} as contexts of metadata.
 */
public final class NbdServer implements AutoCloseable {
    private static final long PATIENCE_SECONDS = 30;
    private static final long PAUSE_NANOSECONDS = TimeUnit.MILLISECONDS.toNanos(100);
    /** How long a handshake may take where others wait for a place. */
    private static final long SHORT_HANDSHAKE_NANOSECONDS = TimeUnit.SECONDS.toNanos(1);

    private final ServerSocketChannel listening;
    private final NbdAddress address;
    private final Map<String, Offer> offers;
    private final NbdServerLimits limits;
    private final @Nullable ServerTls tls;
    private final Semaphore places;
    private final Set<Connection> connections = ConcurrentHashMap.newKeySet();
    private volatile boolean closing;
    /** Whether a client that chose an export has gone. */
    private boolean deserted;

    private NbdServer(
            ServerSocketChannel listening,
            NbdAddress address,
            Map<String, Offer> offers,
            NbdServerLimits limits,
            @Nullable ServerTls tls) {
        this.listening = listening;
        this.address = address;
        this.offers = offers;
        this.limits = limits;
        this.tls = tls;
        this.places = new Semaphore(limits.connections());
    }

    /**
     * Listens from now on.
     *
     * @param address where; port 0 stands for any, and a path where an earlier server left its socket is taken over
     * @param exports names unique, their devices open until the server is closed
     * @throws ImageException in the words of the host where it cannot listen there
     */
    public static NbdServer start(NbdAddress address, List<NbdExport> exports, NbdServerLimits limits)
            throws IOException {
        return start(address, exports, limits, null);
    }

    /**
     * Listens from now on.
     *
     * @param address where; port 0 stands for any, and a path where an earlier server left its socket is taken over
     * @param exports names unique, their devices open until the server is closed
     * @param tls null for none
     * @throws ImageException in the words of the host where it cannot listen there
     */
    public static NbdServer start(
            NbdAddress address, List<NbdExport> exports, NbdServerLimits limits, @Nullable ServerTls tls)
            throws IOException {
        Map<String, Offer> offers = new LinkedHashMap<>();
        for (NbdExport export : exports) {
            if (offers.put(export.name(), Offer.of(export, limits.connections() > 1)) != null) {
                throw new ImageException(
                        ErrorKind.BAD_OPTION, "NBD server already has export named '" + export.name() + "'");
            }
        }
        ServerSocketChannel listening = bind(address);
        NbdServer server = new NbdServer(listening, boundTo(listening, address), offers, limits, tls);
        server.thread("jimg-nbd-accept", server::accept).start();
        return server;
    }

    private static ServerSocketChannel bind(NbdAddress address) throws IOException {
        ServerSocketChannel listening = address instanceof NbdAddress.Unix
                ? ServerSocketChannel.open(StandardProtocolFamily.UNIX)
                : ServerSocketChannel.open();
        try {
            if (address instanceof NbdAddress.Unix unix) {
                Path path = Path.of(unix.path());
                SocketFile.removeLeftover(path);
                listening.bind(UnixDomainSocketAddress.of(path));
            } else if (address instanceof NbdAddress.Inet inet) {
                listening.bind(new InetSocketAddress(inet.host(), inet.port()));
            }
            return listening;
        } catch (IOException failed) {
            listening.close();
            throw new ImageException(
                    ErrorKind.IO,
                    "Failed to listen on '" + address.text() + "': " + failed.getMessage(),
                    address.text(),
                    ImageException.NO_OFFSET,
                    failed);
        }
    }

    private static NbdAddress boundTo(ServerSocketChannel listening, NbdAddress asked) throws IOException {
        return asked instanceof NbdAddress.Inet inet && listening.getLocalAddress() instanceof InetSocketAddress bound
                ? new NbdAddress.Inet(inet.host(), bound.getPort())
                : asked;
    }

    private Thread thread(String name, Runnable work) {
        Thread thread = new Thread(work, name);
        thread.setDaemon(true);
        return thread;
    }

    /** Where it listens, with the port that it got. */
    public NbdAddress address() {
        return address;
    }

    /**
     * What has happened to an export.
     *
     * @throws IllegalArgumentException where there is none of that name
     */
    public ExportStatistics statistics(String export) {
        Offer offer = offers.get(export);
        if (offer == null) {
            throw new IllegalArgumentException("no export '" + export + "'");
        }
        return offer.counters().statistics();
    }

    private void accept() {
        while (!closing) {
            SocketChannel client;
            try {
                client = listening.accept();
            } catch (ClosedChannelException over) {
                return;
            } catch (IOException busy) {
                // The host has no more descriptors, say; the next who comes may be luckier.
                LockSupport.parkNanos(PAUSE_NANOSECONDS);
                continue;
            }
            if (takePlace()) {
                Connection connection = new Connection(client);
                connections.add(connection);
                thread("jimg-nbd", connection::run).start();
            } else {
                close(client);
            }
        }
    }

    private synchronized void leave(Connection connection) {
        connections.remove(connection);
        deserted |= connection.served();
        notifyAll();
    }

    /**
     * Waits until at least one client that chose an export has gone and nobody is connected, or until the server is
     * closed.
     */
    public synchronized void awaitLastClient() throws InterruptedException {
        while (!closing && !(deserted && connections.isEmpty())) {
            wait();
        }
    }

    private static void close(SocketChannel client) {
        try (client) {
            // Nothing was said yet.
        } catch (IOException gone) {
            LockSupport.parkNanos(PAUSE_NANOSECONDS);
        }
    }

    /** Waits for a place; false where the server is closed meanwhile. */
    private boolean takePlace() {
        while (!closing) {
            try {
                if (places.tryAcquire(PAUSE_NANOSECONDS, TimeUnit.NANOSECONDS)) {
                    return true;
                }
            } catch (InterruptedException enough) {
                return false;
            }
            long now = System.nanoTime();
            connections.stream()
                    .filter(connection -> connection.isDawdling(now))
                    .min(Comparator.comparingLong(connection -> connection.begun - now))
                    .ifPresent(Connection::end);
        }
        return false;
    }

    /** One client. */
    private final class Connection {
        private final SocketChannel channel;
        private final long begun = System.nanoTime();
        private @Nullable SocketWire wire;
        private @Nullable Conversation conversation;
        private boolean over;

        Connection(SocketChannel channel) {
            this.channel = channel;
        }

        void run() {
            try (channel;
                    SocketWire own = SocketWire.blocking(channel)) {
                synchronized (this) {
                    wire = own;
                    if (closing) {
                        return;
                    }
                }
                ServerHandshake.Agreement agreement = negotiate(own);
                if (agreement != null) {
                    converse(agreement);
                }
            } catch (IOException rude) {
                // The client went away, or does not speak NBD: its connection is closed, and nobody is there to be
                // told.
                end();
            } finally {
                synchronized (this) {
                    over = true;
                    notifyAll();
                }
                leave(this);
                places.release();
            }
        }

        private ServerHandshake.@Nullable Agreement negotiate(SocketWire own) throws IOException {
            Thread watch = thread("jimg-nbd-handshake", () -> {
                if (!await(limits.handshake().toNanos(), () -> conversation != null)) {
                    own.close();
                }
            });
            watch.start();
            return new ServerHandshake(own, offers.values(), tls).run();
        }

        private void converse(ServerHandshake.Agreement agreement) {
            Conversation held = new Conversation(
                    agreement,
                    limits.requests(),
                    work -> thread("jimg-nbd", work).start());
            synchronized (this) {
                conversation = held;
                notifyAll();
                if (closing) {
                    return;
                }
            }
            ExportCounters counters = agreement.offer().counters();
            counters.connected();
            try {
                held.run();
            } finally {
                counters.disconnected();
            }
        }

        synchronized boolean served() {
            return conversation != null;
        }

        /** Waits until it is over or a condition holds; false where time runs out. */
        private synchronized boolean await(long nanoseconds, BooleanSupplier condition) {
            long deadline = System.nanoTime() + nanoseconds;
            while (!over && !condition.getAsBoolean()) {
                long left = TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime());
                if (left <= 0) {
                    return false;
                }
                try {
                    wait(left);
                } catch (InterruptedException enough) {
                    Thread.currentThread().interrupt();
                    return false;
                }
            }
            return true;
        }

        /** Whether it keeps a place from others without having chosen an export. */
        synchronized boolean isDawdling(long now) {
            return conversation == null && now - begun > SHORT_HANDSHAKE_NANOSECONDS;
        }

        /** Lets no more requests in. */
        synchronized void end() {
            try {
                if (conversation == null) {
                    channel.close();
                } else {
                    conversation.end();
                    channel.shutdownInput();
                }
            } catch (IOException gone) {
                over = true;
            }
        }

        /** Waits for what is in flight; a client that does not take its replies is not waited for. */
        void finish() {
            if (!await(TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS), () -> false) && wire != null) {
                wire.close();
            }
        }
    }

    /**
     * Takes no more clients and no more requests, waits for those in flight to be answered, and flushes the devices.
     * Idempotent.
     *
     * @throws IOException where a device could not be flushed; all others were
     */
    @Override
    public void close() throws IOException {
        synchronized (this) {
            if (closing) {
                return;
            }
            closing = true;
            notifyAll();
        }
        listening.close();
        if (address instanceof NbdAddress.Unix unix) {
            Files.deleteIfExists(Path.of(unix.path()));
        }
        connections.forEach(Connection::end);
        connections.forEach(Connection::finish);
        IOException failed = null;
        for (Offer offer : offers.values()) {
            try {
                if (!offer.export().readOnly()) {
                    offer.export().device().flush();
                }
            } catch (IOException failure) {
                if (failed == null) {
                    failed = failure;
                } else {
                    failed.addSuppressed(failure);
                }
            }
        }
        if (failed != null) {
            throw failed;
        }
    }
}
