package io.jimg.vmm.vhost;

import io.jimg.BlockDevice;
import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.host.ipc.LocalSocket;
import io.jimg.spi.Threads;
import io.jimg.vmm.ExportStatistics;
import io.jimg.vmm.RunningExport;
import io.jimg.vmm.socket.SocketFile;
import io.jimg.vmm.virtio.VirtioBlk;
import io.jimg.vmm.virtio.VirtioBlkSettings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/** Listens for front ends, and holds a session with one after the other. Safe for many threads. */
final class VhostUserServer implements RunningExport {
    private static final long PAUSE_NANOSECONDS = TimeUnit.MILLISECONDS.toNanos(100);

    private final String path;
    private final LocalSocket listening;
    private final BlockDevice device;
    private final VirtioBlk disk;
    private final Thread thread;
    private @Nullable LocalSocket connection;
    private volatile boolean closing;

    private VhostUserServer(String path, LocalSocket listening, BlockDevice device, VirtioBlkSettings settings) {
        this.path = path;
        this.listening = listening;
        this.device = device;
        this.disk = new VirtioBlk(device, settings);
        this.thread = new Thread(this::serve, "jimg-vhost-user");
        thread.setDaemon(true);
    }

    /**
     * Listens from now on.
     *
     * @throws ImageException {@link ErrorKind#UNSUPPORTED} where the host's calls can't be made
     */
    static VhostUserServer start(String path, BlockDevice device, VirtioBlkSettings settings) throws IOException {
        if (!LocalSocket.isAvailable()) {
            throw new ImageException(
                    ErrorKind.UNSUPPORTED,
                    "vhost-user-blk needs Linux, Java 22 or newer, and native access for jimg"
                            + " (--enable-native-access=io.jimg.host, or ALL-UNNAMED on the class path)");
        }
        LocalSocket listening;
        try {
            SocketFile.removeLeftover(Path.of(path));
            listening = LocalSocket.listen(path).orElseThrow();
        } catch (IOException failed) {
            throw new ImageException(
                    ErrorKind.IO,
                    "Failed to listen on '" + path + "': " + failed.getMessage(),
                    path,
                    ImageException.NO_OFFSET,
                    failed);
        }
        VhostUserServer server = new VhostUserServer(path, listening, device, settings);
        server.thread.start();
        return server;
    }

    private void serve() {
        while (!closing) {
            try (LocalSocket accepted = listening.accept()) {
                synchronized (this) {
                    connection = accepted;
                    if (closing) {
                        return;
                    }
                }
                try (Session session = new Session(accepted, disk)) {
                    session.run();
                }
            } catch (IOException broken) {
                // The front end does not speak the protocol, or the host has no more descriptors; with whom nobody
                // speaks, nobody is to be told. The next who comes may be luckier.
                if (!closing) {
                    LockSupport.parkNanos(PAUSE_NANOSECONDS);
                }
            } finally {
                synchronized (this) {
                    connection = null;
                }
            }
        }
    }

    @Override
    public String address() {
        return path;
    }

    @Override
    public ExportStatistics statistics() {
        ExportStatistics all = disk.statistics();
        return new ExportStatistics(
                isConnected() ? 1 : 0,
                all.reads(),
                all.readBytes(),
                all.writes(),
                all.writtenBytes(),
                all.flushes(),
                all.others(),
                all.failures());
    }

    private synchronized boolean isConnected() {
        return connection != null;
    }

    @Override
    public void close() throws IOException {
        synchronized (this) {
            if (closing) {
                return;
            }
            closing = true;
            listening.shutdown();
            if (connection != null) {
                connection.shutdown();
            }
        }
        Threads.joinUninterruptibly(thread);
        listening.close();
        Files.deleteIfExists(Path.of(path));
        if (!device.readOnly()) {
            device.flush();
        }
    }
}
