package io.jimg.cli.serve;

import io.jimg.ImageException;
import io.jimg.nbd.NbdAddress;
import io.jimg.nbd.tls.X509Folder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a monitor is told of a server's TLS.
 *
 * @param folder of the monitor's certificates; null where nobody has said which that is
 * @param hostname whom the server's certificate is for, where that does not follow from its address; null otherwise
 */
public record MonitorTls(@Nullable Path folder, @Nullable String hostname) {
    /** Which name a certificate has on each host. */
    private static final String HOST_ITSELF = "localhost";

    /**
     * Finds it out.
     *
     * @param server the server's folder
     * @param client the monitor's folder; null for the server's, if that has what a client needs
     * @param anyClient whether clients need no certificates
     * @param address where clients reach the server
     */
    public static MonitorTls of(Path server, @Nullable Path client, boolean anyClient, NbdAddress address)
            throws IOException {
        Path folder = client;
        if (folder == null && (anyClient || Files.exists(server.resolve("client-cert.pem")))) {
            folder = server;
        }
        return new MonitorTls(folder, hostname(server, address));
    }

    /** The first name of the certificate, where the address is none of its names. */
    private static @Nullable String hostname(Path server, NbdAddress address) throws IOException {
        List<String> names;
        try {
            names = X509Folder.serverNames(server);
        } catch (ImageException elsewhere) {
            // The folder need not be readable for whoever asks, nor be on this host.
            names = List.of();
        }
        boolean matches = address instanceof NbdAddress.Inet inet && names.contains(inet.host());
        if (matches) {
            return null;
        }
        if (!names.isEmpty()) {
            return names.get(0);
        }
        return address instanceof NbdAddress.Unix ? HOST_ITSELF : null;
    }
}
