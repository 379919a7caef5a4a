package io.jimg.nbd;

import io.jimg.TlsIdentity;
import org.jspecify.annotations.Nullable;

/**
 * That a client wants TLS, and nothing without it.
 *
 * @param identity a client's
 * @param hostname whom the server's certificate must be for, if it is verified; null for nobody, which is an error then
 */
public record ClientTls(TlsIdentity identity, @Nullable String hostname) {

    /** Checks whose identity it is. */
    public ClientTls {
        if (identity.endpoint() != TlsIdentity.Endpoint.CLIENT) {
            throw new IllegalArgumentException("a server's identity");
        }
    }
}
