package io.jimg;

import java.util.List;
import javax.net.ssl.SSLContext;

/**
 * Who one is in TLS, and whom one trusts. Immutable, as far as the context is.
 *
 * @param context keys and certificates of one's own, and how those of others are verified
 * @param endpoint the side that it is made for
 * @param verifyPeer for a client, whether the server's certificate must be for the host that was asked for (without it
 *     the context had better trust anybody); for a server, whether clients must show a certificate
 * @param protocols the versions of TLS that it may speak, by Java's names
 */
public record TlsIdentity(SSLContext context, Endpoint endpoint, boolean verifyPeer, List<String> protocols) {

    /** Keeps a copy of the protocols. */
    public TlsIdentity {
        protocols = List.copyOf(protocols);
    }

    /** A side of a connection. */
    public enum Endpoint {
        /** The side that connects. */
        CLIENT,
        /** The side that is connected to. */
        SERVER
    }
}
