package io.jimg.vmm.nbd;

import io.jimg.nbd.wire.SocketWire;
import io.jimg.vmm.ExportCounters;
import java.io.IOException;
import java.nio.channels.SocketChannel;
import java.util.Collection;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** One client, from its coming to its end. For many threads. */
final class Connection {
    private static final long PATIENCE_SECONDS = 30;
    /** How long a handshake may take where others wait for a place. */
    private static final long SHORT_HANDSHAKE_NANOSECONDS = TimeUnit.SECONDS.toNanos(1);
    /** How long a client may be silent from the beginning where others wait for a place. */
    private static final long SHORT_SILENCE_NANOSECONDS = TimeUnit.MILLISECONDS.toNanos(200);

    private final SocketChannel channel;
    private final Collection<Offer> offers;
    private final NbdServerLimits limits;
    private final @Nullable ServerTls tls;
    private final Consumer<Connection> leave;
    private final long begun = System.nanoTime();
    private @Nullable SocketWire wire;
    private @Nullable Conversation conversation;
    private boolean ending;
    private boolean over;

    /**
     * A client that has come.
     *
     * @param channel closed at the end
     * @param tls null for none
     * @param leave told when it is over
     */
    Connection(
            SocketChannel channel,
            Collection<Offer> offers,
            NbdServerLimits limits,
            @Nullable ServerTls tls,
            Consumer<Connection> leave) {
        this.channel = channel;
        this.offers = offers;
        this.limits = limits;
        this.tls = tls;
        this.leave = leave;
    }

    /** Serves it on threads of its own. */
    void start() {
        thread("jimg-nbd", this::run).start();
    }

    private static Thread thread(String name, Runnable work) {
        Thread thread = new Thread(work, name);
        thread.setDaemon(true);
        return thread;
    }

    private void run() {
        try (channel;
                SocketWire own = SocketWire.blocking(channel)) {
            synchronized (this) {
                wire = own;
                if (ending) {
                    return;
                }
            }
            ServerHandshake.Agreement agreement = negotiate(own);
            if (agreement != null) {
                converse(agreement);
            }
        } catch (IOException rude) {
            // The client went away, or does not speak NBD: its connection is closed, and nobody is there to be told.
            end();
        } finally {
            synchronized (this) {
                over = true;
                notifyAll();
            }
            leave.accept(this);
        }
    }

    private ServerHandshake.@Nullable Agreement negotiate(SocketWire own) throws IOException {
        thread("jimg-nbd-handshake", () -> {
                    if (!await(limits.handshake().toNanos(), () -> conversation != null)) {
                        own.close();
                    }
                })
                .start();
        return new ServerHandshake(own, offers, tls).run();
    }

    private void converse(ServerHandshake.Agreement agreement) {
        Conversation held = new Conversation(
                agreement, limits.requests(), work -> thread("jimg-nbd", work).start());
        synchronized (this) {
            conversation = held;
            notifyAll();
            if (ending) {
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

    /** Whether it chose an export. */
    synchronized boolean served() {
        return conversation != null;
    }

    /** Whether it keeps a place from others without having chosen an export. */
    synchronized boolean isDawdling(long now) {
        boolean silent = wire == null || !wire.heard();
        return conversation == null && now - begun > (silent ? SHORT_SILENCE_NANOSECONDS : SHORT_HANDSHAKE_NANOSECONDS);
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

    /** Lets no more requests in; those that were read are finished. */
    synchronized void end() {
        ending = true;
        try {
            if (conversation == null) {
                channel.close();
            } else {
                conversation.end();
                channel.shutdownInput();
            }
        } catch (IOException gone) {
            // So is the client, then. Whoever reads from it learns that, too, and who does a request still ends it.
        }
    }

    /** Waits for what is in flight; a client that does not take its replies is not waited for. */
    void finish() {
        boolean finished = await(TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS), () -> false);
        SocketWire left;
        synchronized (this) {
            left = wire;
        }
        if (!finished && left != null) {
            left.close();
        }
    }
}
