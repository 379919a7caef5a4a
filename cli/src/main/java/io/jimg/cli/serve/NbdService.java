package io.jimg.cli.serve;

import io.jimg.nbd.NbdAddress;
import io.jimg.vmm.nbd.NbdExport;
import io.jimg.vmm.nbd.NbdServer;
import io.jimg.vmm.nbd.NbdServerLimits;
import io.jimg.vmm.nbd.ServerTls;
import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** An NBD server. */
public final class NbdService implements Service {
    private final NbdServer server;
    private final List<NbdExport> exports;
    private final boolean encrypted;

    private NbdService(NbdServer server, List<NbdExport> exports, boolean encrypted) {
        this.server = server;
        this.exports = exports;
        this.encrypted = encrypted;
    }

    /**
     * Listens from now on.
     *
     * @param tls null for a server without
     */
    public static NbdService start(
            NbdAddress address, List<NbdExport> exports, NbdServerLimits limits, @Nullable ServerTls tls)
            throws IOException {
        return new NbdService(NbdServer.start(address, exports, limits, tls), exports, tls != null);
    }

    @Override
    public List<String> addresses() {
        NbdAddress place = server.address().reachable();
        return exports.stream()
                .map(export -> place.uri(export.name(), encrypted))
                .toList();
    }

    @Override
    public void awaitLastClient() throws InterruptedException {
        server.awaitLastClient();
    }

    @Override
    public void close() throws IOException {
        server.close();
    }
}
