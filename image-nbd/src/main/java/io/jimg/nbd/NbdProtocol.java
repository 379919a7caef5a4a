package io.jimg.nbd;

import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.Option;
import io.jimg.Options;
import io.jimg.nbd.wire.Transmission;
import io.jimg.spi.DottedOptions;
import io.jimg.spi.ProtocolDriver;
import io.jimg.spi.Schema;
import io.jimg.storage.Storage;
import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The protocol {@code nbd}: exports of an NBD server, by URL, in QEMU's older form, or by options. */
public final class NbdProtocol implements ProtocolDriver {
    /** The protocol's name. */
    public static final String NAME = "nbd";

    private static final int HIGHEST_PORT = 0xffff;

    /** The driver. */
    public NbdProtocol() {}

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public List<String> prefixes() {
        return List.of(NAME, "nbd+tcp", "nbd+unix");
    }

    @Override
    public Schema schema() {
        return Nbd.SCHEMA;
    }

    @Override
    public DottedOptions parseName(String name) throws ImageException {
        return NbdNames.parse(name);
    }

    @Override
    public String nameOf(Options options) {
        try {
            return address(options).url(options.require(Nbd.EXPORT));
        } catch (ImageException incomplete) {
            // Opening it says what is missing; until then it has no better name.
            return NAME;
        }
    }

    private static NbdAddress address(Options options) throws ImageException {
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

    @Override
    public Storage open(Options options, Mode mode) throws IOException {
        NbdAddress address = address(options);
        String credentials = options.get(Nbd.TLS_CREDS);
        if (credentials != null) {
            throw refused("No TLS credentials with id '" + credentials + "'");
        }
        String export = options.require(Nbd.EXPORT);
        @Nullable String given = options.get(Nbd.CONTEXT);
        String context = given == null ? Transmission.BASE_ALLOCATION : given;
        Session session = new Session(
                address,
                export,
                List.of(context),
                options.require(Nbd.OPEN_TIMEOUT),
                options.require(Nbd.RECONNECT_DELAY));
        try {
            if (given != null && session.info().contexts().isEmpty()) {
                throw new ImageException(ErrorKind.BAD_OPTION, "Could not open image: Invalid argument");
            }
            if (mode.writable() && session.info().readOnly()) {
                throw new ImageException(
                        ErrorKind.PERMISSION,
                        "Could not open image: Permission denied",
                        address.url(export),
                        ImageException.NO_OFFSET,
                        null);
            }
            return new NbdStorage(address, export, session, context, !mode.writable());
        } catch (Throwable failure) {
            session.close();
            throw failure;
        }
    }

    /** {@inheritDoc} An export is there or not: what is there is opened as it is. */
    @Override
    public Storage create(Options options, Mode mode) throws IOException {
        try {
            return open(options, mode);
        } catch (IOException failed) {
            throw ImageException.wrap(failed)
                    .prefixed(
                            "Protocol driver '" + NAME + "' does not support creating new images, so an existing image"
                                    + " must be selected as the target; however, opening the given target as an existing"
                                    + " image failed: ");
        }
    }

    @Override
    public boolean exists(Options options) {
        return true;
    }

    @Override
    public void delete(Options options) {
        // It made nothing.
    }

    private static ImageException refused(String sentence) {
        return new ImageException(ErrorKind.BAD_OPTION, sentence);
    }
}
