package io.jimg.vmm.nbd;

import io.jimg.BlockDevice;
import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.Option;
import io.jimg.OptionType;
import io.jimg.Options;
import io.jimg.TlsIdentity;
import io.jimg.nbd.NbdAddress;
import io.jimg.nbd.tls.X509Folder;
import io.jimg.spi.Schema;
import io.jimg.vmm.DiskBackend;
import io.jimg.vmm.ExportStatistics;
import io.jimg.vmm.RunningExport;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The transport {@code nbd}: a server with one export. */
public final class NbdBackend implements DiskBackend {
    /** Path of the Unix socket to listen on; without it, {@link #HOST} and {@link #PORT} say where. */
    public static final Option<String> SOCKET = Option.of("socket", OptionType.STRING, "Unix socket to listen on");

    /** Host to listen on. */
    public static final Option<String> HOST = Option.of("host", OptionType.STRING, "127.0.0.1", "Host to listen on");

    /** Port to listen on; 0 for any. */
    public static final Option<Long> PORT =
            Option.of("port", OptionType.NUMBER, (long) NbdAddress.DEFAULT_PORT, "Port to listen on");

    /** The export's name; empty for the default export. */
    public static final Option<String> EXPORT = Option.of("export", OptionType.STRING, "", "Name of the export");

    /** Whether writes are refused. */
    public static final Option<Boolean> READ_ONLY = Option.of("read-only", OptionType.BOOL, false, "Refuse writes");

    /** Folder of the server's TLS credentials, as {@link X509Folder} reads them; without it, nothing is encrypted. */
    public static final Option<String> TLS_DIR =
            Option.of("tls-dir", OptionType.STRING, "Folder of PEM files: speak TLS with these credentials");

    /** Whether clients must have a certificate that {@code ca-cert.pem} vouches for. */
    public static final Option<Boolean> TLS_VERIFY_PEER =
            Option.of("tls-verify-peer", OptionType.BOOL, true, "Demand certificates of clients");

    /** Whether clients may do without TLS although there is a {@link #TLS_DIR}. */
    public static final Option<Boolean> TLS_OPTIONAL =
            Option.of("tls-optional", OptionType.BOOL, false, "Serve clients that do without TLS, too");

    private static final Schema SCHEMA =
            Schema.of(SOCKET, HOST, PORT, EXPORT, READ_ONLY, TLS_DIR, TLS_VERIFY_PEER, TLS_OPTIONAL);
    private static final int HIGHEST_PORT = 0xffff;

    /** The transport. */
    public NbdBackend() {}

    @Override
    public String name() {
        return "nbd";
    }

    @Override
    public Schema schema() {
        return SCHEMA;
    }

    @Override
    public RunningExport start(BlockDevice device, Options options) throws IOException {
        String name = options.require(EXPORT);
        NbdExport export = NbdExport.of(name, device).withReadOnly(options.require(READ_ONLY));
        ServerTls tls = tls(options);
        NbdServer server = NbdServer.start(address(options), List.of(export), NbdServerLimits.DEFAULT, tls);
        return new RunningExport() {
            @Override
            public String address() {
                return server.address().reachable().uri(name, tls != null);
            }

            @Override
            public ExportStatistics statistics() {
                return server.statistics(name);
            }

            @Override
            public void close() throws IOException {
                server.close();
            }
        };
    }

    /**
     * What {@link #TLS_DIR}, {@link #TLS_VERIFY_PEER} and {@link #TLS_OPTIONAL} say; null for no TLS.
     *
     * @throws ImageException where the folder's files are not what they must be
     */
    public static @Nullable ServerTls tls(Options options) throws IOException {
        String folder = options.get(TLS_DIR);
        return folder == null
                ? null
                : new ServerTls(
                        X509Folder.load(Path.of(folder), TlsIdentity.Endpoint.SERVER, options.require(TLS_VERIFY_PEER)),
                        !options.require(TLS_OPTIONAL));
    }

    private static NbdAddress address(Options options) throws ImageException {
        String socket = options.get(SOCKET);
        if (socket != null) {
            return new NbdAddress.Unix(socket);
        }
        long port = options.require(PORT);
        if (port < 0 || port > HIGHEST_PORT) {
            throw new ImageException(ErrorKind.BAD_OPTION, "Invalid port " + port);
        }
        return new NbdAddress.Inet(options.require(HOST), (int) port);
    }
}
