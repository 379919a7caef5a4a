package io.jimg.nbd;

import io.jimg.Option;
import io.jimg.OptionType;
import io.jimg.spi.Schema;

/** Options of the protocol {@code nbd}. */
public final class Nbd {
    /** Which kind of address follows: {@code inet} or {@code unix}. */
    public static final Option<String> SERVER_TYPE = Option.of("server.type", OptionType.STRING, "");

    /** The host of an {@code inet} address. */
    public static final Option<String> SERVER_HOST = Option.of("server.host", OptionType.STRING, "");

    /** The port of an {@code inet} address. */
    public static final Option<String> SERVER_PORT = Option.of("server.port", OptionType.STRING, "");

    /** The path of a {@code unix} address. */
    public static final Option<String> SERVER_PATH = Option.of("server.path", OptionType.STRING, "");

    /** The host, in the older form. */
    public static final Option<String> HOST = Option.of("host", OptionType.STRING, "TCP host to connect to");

    /** The port, in the older form. */
    public static final Option<String> PORT =
            Option.of("port", OptionType.STRING, "TCP port to connect to (default 10809)");

    /** The path of a Unix socket, in the older form. */
    public static final Option<String> PATH = Option.of("path", OptionType.STRING, "Unix socket path to connect to");

    /** The export; empty for the default one. */
    public static final Option<String> EXPORT =
            Option.of("export", OptionType.STRING, "", "Name of the NBD export to open");

    /** The context of metadata that is asked what is data and what is zero; {@code base:allocation} by default. */
    public static final Option<String> CONTEXT = Option.of(
            "x-dirty-bitmap", OptionType.STRING, "experimental: expose named dirty bitmap in place of block status");

    /** For how many seconds requests wait for a new connection after one was lost. */
    public static final Option<Long> RECONNECT_DELAY = Option.of(
            "reconnect-delay",
            OptionType.NUMBER,
            0L,
            "On an unexpected disconnect, the nbd client tries to connect again until succeeding or encountering a"
                    + " serious error.  During the first @reconnect-delay seconds, all requests are paused and will"
                    + " be rerun on a successful reconnect. After that time, any delayed requests and all future"
                    + " requests before a successful reconnect will immediately fail. Default 0");

    /** For how many seconds a first connection that fails is tried again. */
    public static final Option<Long> OPEN_TIMEOUT = Option.of(
            "open-timeout",
            OptionType.NUMBER,
            0L,
            "In seconds. If zero, the nbd driver tries the connection only once, and fails to open if the connection"
                    + " fails. If non-zero, the nbd driver will repeat connection attempts until successful or until"
                    + " @open-timeout seconds have elapsed. Default 0");

    /** The id of the TLS credentials; without it, nothing is encrypted. */
    public static final Option<String> TLS_CREDS =
            Option.of("tls-creds", OptionType.STRING, "ID of the TLS credentials to use");

    /** Whom the server's certificate must be for, if not for the host that is connected to. */
    public static final Option<String> TLS_HOSTNAME =
            Option.of("tls-hostname", OptionType.STRING, "Override hostname for validating TLS x509 certificate");

    static final Schema SCHEMA = Schema.of(
            HOST,
            PORT,
            PATH,
            EXPORT,
            TLS_CREDS,
            TLS_HOSTNAME,
            CONTEXT,
            RECONNECT_DELAY,
            OPEN_TIMEOUT,
            SERVER_TYPE,
            SERVER_HOST,
            SERVER_PORT,
            SERVER_PATH);

    private Nbd() {}
}
