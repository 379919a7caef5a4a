package io.jimg.nbd;

import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.Options;
import io.jimg.TlsIdentity;
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
            return Addresses.of(options).imageName(options.require(Nbd.EXPORT));
        } catch (ImageException incomplete) {
            // Opening it says what is missing; until then it has no better name.
            return NAME;
        }
    }

    @Override
    public Storage open(Options options, Mode mode) throws IOException {
        NbdAddress address = Addresses.of(options);
        ClientTls tls = tls(options, mode, address);
        String export = options.require(Nbd.EXPORT);
        @Nullable String given = options.get(Nbd.CONTEXT);
        String context = given == null ? Transmission.BASE_ALLOCATION : given;
        Session session = new Session(
                new Target(address, export, List.of(context), tls),
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

    private static @Nullable ClientTls tls(Options options, Mode mode, NbdAddress address) throws IOException {
        String id = options.get(Nbd.TLS_CREDS);
        if (id == null) {
            return null;
        }
        TlsIdentity identity = mode.tlsCredentials().find(id);
        if (identity == null) {
            throw new ImageException(ErrorKind.BAD_OPTION, "No TLS credentials with id '" + id + "'");
        }
        if (identity.endpoint() != TlsIdentity.Endpoint.CLIENT) {
            throw new ImageException(ErrorKind.BAD_OPTION, "Expected TLS credentials for a client endpoint");
        }
        String host = options.get(Nbd.TLS_HOSTNAME);
        if (host == null && address instanceof NbdAddress.Inet inet) {
            host = inet.host();
        }
        return new ClientTls(identity, host);
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
}
