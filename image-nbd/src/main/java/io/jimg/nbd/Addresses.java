package io.jimg.nbd;

import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.Option;
import io.jimg.Options;

/** Reads addresses from options. */
final class Addresses {
    private static final int HIGHEST_PORT = 0xffff;

    private Addresses() {}

    /**
     * The address that options say, in QEMU's two forms.
     *
     * @throws ImageException with QEMU's sentence where they say none, or more than one
     */
    static NbdAddress of(Options options) throws ImageException {
        String path = options.get(Nbd.PATH);
        String host = options.get(Nbd.HOST);
        String port = options.get(Nbd.PORT);
        boolean server = options.has(Nbd.SERVER_TYPE)
                || options.has(Nbd.SERVER_HOST)
                || options.has(Nbd.SERVER_PORT)
                || options.has(Nbd.SERVER_PATH);
        if (server) {
            if (path != null || host != null || port != null) {
                throw refused("Cannot use 'server' and path/host/port at the same time");
            }
            return server(options);
        }
        if (path != null && host != null) {
            throw refused("path and host may not be used at the same time");
        }
        if (path != null) {
            if (port != null) {
                throw refused("port may not be used without host");
            }
            return new NbdAddress.Unix(path);
        }
        if (host != null) {
            return inet(host, port == null ? Integer.toString(NbdAddress.DEFAULT_PORT) : port);
        }
        throw refused("NBD server address missing");
    }

    private static NbdAddress server(Options options) throws ImageException {
        String type = given(options, Nbd.SERVER_TYPE);
        return switch (type) {
            case "unix" -> new NbdAddress.Unix(given(options, Nbd.SERVER_PATH));
            case "inet" -> inet(given(options, Nbd.SERVER_HOST), given(options, Nbd.SERVER_PORT));
            default -> throw refused("Parameter 'type' does not accept value '" + type + "'");
        };
    }

    private static String given(Options options, Option<String> option) throws ImageException {
        String value = options.get(option);
        if (value == null) {
            throw refused("Parameter '" + option.name().substring("server.".length()) + "' is missing");
        }
        return value;
    }

    private static NbdAddress inet(String host, String port) throws ImageException {
        if (!port.matches("[0-9]{1,9}")) {
            throw refused("address resolution failed for " + host + ":" + port + ": Servname not supported for"
                    + " ai_socktype");
        }
        int number = Integer.parseInt(port);
        if (number > HIGHEST_PORT) {
            throw refused("Failed to connect to '" + host + ":" + port + "': Connection refused");
        }
        return new NbdAddress.Inet(host, number);
    }

    private static ImageException refused(String sentence) {
        return new ImageException(ErrorKind.BAD_OPTION, sentence);
    }
}
