package io.jimg.vmm.nbd;

import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.nbd.NbdAddress;
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
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
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
    /** How many clients may knock while none is let in, as far as the host permits. */
    private static final int BACKLOG = 1024;

    private static final long PAUSE_NANOSECONDS = TimeUnit.MILLISECONDS.toNanos(100);

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
        Thread accepting = new Thread(server::accept, "jimg-nbd-accept");
        accepting.setDaemon(true);
        accepting.start();
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
                listening.bind(UnixDomainSocketAddress.of(path), BACKLOG);
            } else if (address instanceof NbdAddress.Inet inet) {
                listening.bind(
                        inet.host().isEmpty()
                                ? new InetSocketAddress(inet.port())
                                : new InetSocketAddress(inet.host(), inet.port()),
                        BACKLOG);
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
                Connection connection = new Connection(client, offers.values(), limits, tls, this::leave);
                connections.add(connection);
                if (closing) {
                    connection.end();
                }
                connection.start();
            } else {
                close(client);
            }
        }
    }

    private void leave(Connection connection) {
        synchronized (this) {
            connections.remove(connection);
            deserted |= connection.served();
            notifyAll();
        }
        places.release();
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
                    .forEach(Connection::end);
        }
        return false;
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
