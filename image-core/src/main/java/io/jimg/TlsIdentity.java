package io.jimg;

import javax.net.ssl.SSLContext;

/**
 * Who one is in TLS, and whom one trusts. Immutable, as far as the context is.
 *
 * @param context keys and certificates of one's own, and how those of others are verified
 * @param endpoint the side that it is made for
 * @param verifyPeer for a client, whether the server's certificate must be for the host that was asked for (without it
 *     the context had better trust anybody); for a server, whether clients must show a certificate
 */
public record TlsIdentity(SSLContext context, Endpoint endpoint, boolean verifyPeer) {

    /** A side of a connection. */
    public enum Endpoint {
        /** The side that connects. */
        CLIENT,
        /** The side that is connected to. */
        SERVER
    }
}
