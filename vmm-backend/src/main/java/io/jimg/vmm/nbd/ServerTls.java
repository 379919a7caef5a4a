package io.jimg.vmm.nbd;

import io.jimg.TlsIdentity;

/**
 * How a server speaks TLS.
 *
 * @param identity a server's, which says whether clients must have certificates, too
 * @param required whether nothing is told or done without TLS ("FORCEDTLS"; nbdkit's {@code --tls=require}, and the
 *     only way of QEMU); otherwise clients have the choice (nbdkit's {@code --tls=on})
 */
public record ServerTls(TlsIdentity identity, boolean required) {

    /** Checks whose identity it is. */
    public ServerTls {
        if (identity.endpoint() != TlsIdentity.Endpoint.SERVER) {
            throw new IllegalArgumentException("a client's identity");
        }
    }
}
