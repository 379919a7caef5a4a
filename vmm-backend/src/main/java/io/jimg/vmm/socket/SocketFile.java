package io.jimg.vmm.socket;

import java.io.IOException;
import java.net.ConnectException;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;

/** The file of a Unix socket. */
public final class SocketFile {
    private SocketFile() {}

    /**
     * Removes a socket that nobody listens on any more, as a server that was killed leaves it; leaves anything else.
     *
     * @throws IOException where somebody listens there
     */
    public static void removeLeftover(Path path) throws IOException {
        if (!Files.exists(path)
                || !Files.readAttributes(path, BasicFileAttributes.class).isOther()) {
            return;
        }
        try (SocketChannel other = SocketChannel.open(UnixDomainSocketAddress.of(path))) {
            throw new IOException("Address already in use by " + other.getRemoteAddress());
        } catch (ConnectException nobody) {
            Files.delete(path);
        }
    }
}
