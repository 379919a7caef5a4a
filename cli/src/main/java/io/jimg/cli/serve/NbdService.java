package io.jimg.cli.serve;

import io.jimg.nbd.NbdAddress;
import io.jimg.vmm.nbd.NbdExport;
import io.jimg.vmm.nbd.NbdServer;
import io.jimg.vmm.nbd.NbdServerLimits;
import io.jimg.vmm.nbd.ServerTls;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** An NBD server. */
public final class NbdService implements Service {
    private static final String UNRESERVED = "-._~/";

    private final NbdServer server;
    private final List<NbdExport> exports;

    private NbdService(NbdServer server, List<NbdExport> exports) {
        this.server = server;
        this.exports = exports;
    }

    /**
     * Listens from now on.
     *
     * @param tls null for a server without
     */
    public static NbdService start(
            NbdAddress address, List<NbdExport> exports, NbdServerLimits limits, @Nullable ServerTls tls)
            throws IOException {
        return new NbdService(NbdServer.start(address, exports, limits, tls), exports);
    }

    @Override
    public List<String> addresses() {
        List<String> urls = new ArrayList<>();
        for (NbdExport export : exports) {
            urls.add(url(server.address(), export.name()));
        }
        return urls;
    }

    /** The URL of an export, with what a URL cannot hold encoded. */
    static String url(NbdAddress address, String export) {
        NbdAddress place = address instanceof NbdAddress.Unix unix ? new NbdAddress.Unix(encode(unix.path())) : address;
        return place.url(encode(export));
    }

    private static String encode(String text) {
        StringBuilder encoded = new StringBuilder();
        for (byte each : text.getBytes(StandardCharsets.UTF_8)) {
            char letter = (char) (each & 0xff);
            boolean plain = letter >= 'a' && letter <= 'z'
                    || letter >= 'A' && letter <= 'Z'
                    || letter >= '0' && letter <= '9'
                    || UNRESERVED.indexOf(letter) >= 0;
            encoded.append(plain ? String.valueOf(letter) : String.format("%%%02X", (int) letter));
        }
        return encoded.toString();
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
