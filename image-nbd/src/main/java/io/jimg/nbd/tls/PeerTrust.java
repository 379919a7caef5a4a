package io.jimg.nbd.tls;

import java.net.Socket;
import java.security.cert.CertPathBuilderException;
import java.security.cert.CertPathValidatorException;
import java.security.cert.CertPathValidatorException.BasicReason;
import java.security.cert.CertificateException;
import java.security.cert.CertificateExpiredException;
import java.security.cert.CertificateNotYetValidException;
import java.security.cert.X509CRL;
import java.security.cert.X509Certificate;
import java.util.Date;
import java.util.List;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.X509ExtendedTrustManager;
import org.jspecify.annotations.Nullable;

/**
 * Verifies certificates of others as Java does, looks for them in lists of what was revoked, and says what is wrong in
 * the words that QEMU's users know. Immutable.
 */
final class PeerTrust extends X509ExtendedTrustManager {
    private final X509ExtendedTrustManager java;
    private final List<X509CRL> revoked;

    /**
     * Trust in what {@code java} trusts.
     *
     * @param revoked lists whose signatures were verified
     */
    PeerTrust(X509ExtendedTrustManager java, List<X509CRL> revoked) {
        this.java = java;
        this.revoked = List.copyOf(revoked);
    }

    /** One of Java's two verifications. */
    @FunctionalInterface
    private interface Verification {
        void run() throws CertificateException;
    }

    private void verify(X509Certificate[] chain, Verification verification) throws CertificateException {
        try {
            verification.run();
        } catch (CertificateException refused) {
            throw new CertificateException(sentence(refused), refused);
        }
        Date now = new Date();
        for (X509CRL list : revoked) {
            for (X509Certificate certificate : chain) {
                if (!certificate.getIssuerX500Principal().equals(list.getIssuerX500Principal())) {
                    continue;
                }
                if (list.isRevoked(certificate)) {
                    throw new CertificateException("The certificate has been revoked");
                }
                if (list.getNextUpdate() != null && list.getNextUpdate().before(now)) {
                    throw new CertificateException("The list of revoked certificates is out of date");
                }
            }
        }
    }

    private static String sentence(CertificateException refused) {
        for (Throwable cause = refused; cause != null; cause = cause.getCause()) {
            if (cause instanceof CertificateExpiredException) {
                return "The certificate has expired";
            }
            if (cause instanceof CertificateNotYetValidException) {
                return "The certificate is not yet activated";
            }
            if (cause instanceof CertPathValidatorException path) {
                if (path.getReason() == BasicReason.EXPIRED) {
                    return "The certificate has expired";
                }
                if (path.getReason() == BasicReason.NOT_YET_VALID) {
                    return "The certificate is not yet activated";
                }
                if (path.getReason() == BasicReason.ALGORITHM_CONSTRAINED) {
                    return "The certificate uses an insecure algorithm";
                }
            }
            if (cause instanceof CertPathBuilderException) {
                return "The certificate hasn't got a known issuer";
            }
        }
        return "The certificate is not trusted: " + refused.getMessage();
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type) throws CertificateException {
        verify(chain, () -> java.checkClientTrusted(chain, type));
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type, SSLEngine engine) throws CertificateException {
        verify(chain, () -> java.checkClientTrusted(chain, type, engine));
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type) throws CertificateException {
        verify(chain, () -> java.checkServerTrusted(chain, type));
    }

    /** {@inheritDoc} What is refused only by the second verification is so for the name. */
    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type, SSLEngine engine) throws CertificateException {
        checkServerTrusted(chain, type);
        try {
            java.checkServerTrusted(chain, type, engine);
        } catch (CertificateException name) {
            throw new CertificateException("Certificate does not match the hostname " + engine.getPeerHost(), name);
        }
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type, @Nullable Socket socket)
            throws CertificateException {
        verify(chain, () -> java.checkClientTrusted(chain, type, socket));
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type, @Nullable Socket socket)
            throws CertificateException {
        verify(chain, () -> java.checkServerTrusted(chain, type, socket));
    }

    @Override
    public X509Certificate[] getAcceptedIssuers() {
        return java.getAcceptedIssuers();
    }
}
