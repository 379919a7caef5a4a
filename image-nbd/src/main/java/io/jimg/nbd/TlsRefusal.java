package io.jimg.nbd;

import io.jimg.nbd.wire.Wire;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.security.cert.CertificateException;
import java.util.List;
import java.util.Locale;
import javax.net.ssl.SSLException;

/** Why client and server do not come to terms about TLS, in words for people. */
final class TlsRefusal {
    private static final String ALERT = "Received fatal alert: ";

    /** Alerts that blame the client's certificate, or its absence (RFC 8446, section 6.2). */
    private static final List<String> OF_CERTIFICATES = List.of(
            "bad_certificate",
            "unsupported_certificate",
            "certificate_revoked",
            "certificate_expired",
            "certificate_unknown",
            "certificate_required",
            "unknown_ca",
            "access_denied");

    private TlsRefusal() {}

    /** What an exception of the handshake or after it says. */
    static String sentence(SSLException refused) {
        for (Throwable cause = refused.getCause(); cause != null; cause = cause.getCause()) {
            if (cause instanceof CertificateException certificate) {
                return String.valueOf(certificate.getMessage());
            }
        }
        String message = String.valueOf(refused.getMessage());
        int start = message.indexOf(ALERT);
        if (start < 0) {
            return "TLS handshake failed: " + message;
        }
        String alert = message.substring(start + ALERT.length()).toLowerCase(Locale.ROOT);
        return (OF_CERTIFICATES.contains(alert)
                        ? "The server does not accept the client's certificate: "
                        : "The server ended the TLS handshake: ")
                + alert.replace('_', ' ');
    }

    /** What a server said before it closed the connection, in the middle of which a client learned that it has. */
    static String lastWords(Wire wire) {
        try {
            wire.read(ByteBuffer.allocate(1));
        } catch (SSLException refused) {
            return sentence(refused);
        } catch (IOException silent) {
            return "The server closed the connection in the TLS handshake, without a reason; it may not accept the"
                    + " client's certificate";
        }
        return "The server closed the connection in the TLS handshake";
    }
}
