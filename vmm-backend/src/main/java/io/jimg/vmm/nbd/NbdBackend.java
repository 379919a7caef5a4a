package io.jimg.vmm.nbd;

import io.jimg.BlockDevice;
import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.Option;
import io.jimg.OptionType;
import io.jimg.Options;
import io.jimg.nbd.NbdAddress;
import io.jimg.spi.Schema;
import io.jimg.vmm.DiskBackend;
import io.jimg.vmm.ExportStatistics;
import io.jimg.vmm.RunningExport;
import java.io.IOException;
import java.util.List;

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

    private static final Schema SCHEMA = Schema.of(SOCKET, HOST, PORT, EXPORT, READ_ONLY);
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
        NbdServer server = NbdServer.start(address(options), List.of(export), NbdServerLimits.DEFAULT);
        return new RunningExport() {
            @Override
            public String address() {
                return server.address().url(name);
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
