package io.jimg;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** Finds the TLS credentials that a protocol asks for by the id in its options ({@code tls-creds=ID}). */
@FunctionalInterface
public interface TlsCredentials {

    /** No credentials are known. */
    TlsCredentials NONE = id -> null;

    /**
     * The credentials of that id; null where the id is unknown.
     *
     * @throws ImageException where the id is that of something else
     */
    @Nullable
    TlsIdentity find(String id) throws IOException;
}
