package io.jimg.nbd.tls;

import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.TlsIdentity;
import io.jimg.TlsIdentity.Endpoint;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.Signature;
import java.security.cert.CertificateExpiredException;
import java.security.cert.CertificateFactory;
import java.security.cert.CertificateNotYetValidException;
import java.security.cert.X509CRL;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import javax.net.ssl.KeyManager;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509ExtendedTrustManager;

/**
 * Credentials in a folder of PEM files under the names that QEMU, libvirt and libnbd give them:
 *
 * <ul>
 *   <li>{@code ca-cert.pem}: the certificates that are trusted; must be there
 *   <li>{@code ca-crl.pem}: lists of certificates that were revoked
 *   <li>{@code server-cert.pem}, {@code server-key.pem}: a server's certificate, followed by those between it and the
 *       trusted one, and its key; must be there for a server
 *   <li>{@code client-cert.pem}, {@code client-key.pem}: the same for a client, where it has one
 * </ul>
 *
 * Keys are in PKCS #8, or in the older forms of RSA and elliptic curves, and not encrypted.
 */
public final class X509Folder {
    private static final char[] NO_PASSWORD = {};
    /** Kinds of names (RFC 5280, section 4.2.1.6). */
    private static final Integer DNS_NAME = 2;

    private static final Integer IP_ADDRESS = 7;
    private static final String CERTIFICATE = "CERTIFICATE";

    private final Path folder;
    private final CertificateFactory certificates;

    private X509Folder(Path folder) throws GeneralSecurityException {
        this.folder = folder;
        this.certificates = CertificateFactory.getInstance("X.509");
    }

    /**
     * Reads a folder.
     *
     * @param verifyPeer whether the other side must have a certificate that the folder trusts; for a client, it must be
     *     for the host that is connected to
     * @throws ImageException with the sentence that QEMU has for it
     */
    public static TlsIdentity load(Path folder, Endpoint endpoint, boolean verifyPeer) throws IOException {
        return load(folder, endpoint, verifyPeer, true);
    }

    /**
     * Reads a folder.
     *
     * @param verifyPeer as above
     * @param sanityCheck whether certificates that are not valid today are refused here and now
     * @throws ImageException with the sentence that QEMU has for it
     */
    public static TlsIdentity load(Path folder, Endpoint endpoint, boolean verifyPeer, boolean sanityCheck)
            throws IOException {
        try {
            X509Folder opened = new X509Folder(folder);
            List<X509Certificate> authorities = opened.certificates("ca-cert.pem", "CA", sanityCheck);
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(
                    opened.own(endpoint, sanityCheck),
                    new TrustManager[] {
                        verifyPeer ? new PeerTrust(trust(authorities), opened.revoked(authorities)) : new BlindTrust()
                    },
                    null);
            return new TlsIdentity(context, endpoint, verifyPeer, protocols(authorities, endpoint, verifyPeer));
        } catch (GeneralSecurityException failure) {
            throw refused("Unable to use the credentials in " + folder + ": " + failure.getMessage(), failure);
        }
    }

    /**
     * Names and addresses of the hosts that a folder's server certificate is for.
     *
     * @throws ImageException where there is no such certificate
     */
    public static List<String> serverNames(Path folder) throws IOException {
        try {
            X509Certificate own = new X509Folder(folder)
                    .certificates("server-cert.pem", "server", false)
                    .get(0);
            List<String> names = new ArrayList<>();
            Collection<List<?>> alternatives = own.getSubjectAlternativeNames();
            if (alternatives != null) {
                for (List<?> alternative : alternatives) {
                    if (alternative.get(0).equals(DNS_NAME)
                            || alternative.get(0).equals(IP_ADDRESS)) {
                        names.add(String.valueOf(alternative.get(1)));
                    }
                }
            }
            return names;
        } catch (GeneralSecurityException failure) {
            throw refused("Unable to read the server certificate in " + folder + ": " + failure.getMessage(), failure);
        }
    }

    /**
     * In TLS 1.3 newer Java tells clients of no RSA with PKCS #1, by which an RSA authority signs, and GnuTLS holds
     * back certificates that are signed so.
     */
    private static List<String> protocols(
            List<X509Certificate> authorities, TlsIdentity.Endpoint endpoint, boolean verifyPeer) {
        boolean rsa = authorities.stream()
                .anyMatch(authority -> authority.getPublicKey().getAlgorithm().equals("RSA"));
        return rsa && verifyPeer && endpoint == TlsIdentity.Endpoint.SERVER
                ? List.of("TLSv1.2")
                : List.of("TLSv1.3", "TLSv1.2");
    }

    private static ImageException refused(String sentence, Exception cause) {
        return new ImageException(ErrorKind.CORRUPT, sentence, null, ImageException.NO_OFFSET, cause);
    }

    private List<X509Certificate> certificates(String name, String whose, boolean sanityCheck) throws IOException {
        Path file = folder.resolve(name);
        List<X509Certificate> found = new ArrayList<>();
        for (Pem block : Pem.read(file)) {
            if (block.label().equals(CERTIFICATE)) {
                try {
                    found.add((X509Certificate)
                            certificates.generateCertificate(new ByteArrayInputStream(block.content())));
                } catch (GeneralSecurityException broken) {
                    throw refused(
                            "Unable to import " + whose + " certificate " + file + ": " + broken.getMessage(), broken);
                }
            }
        }
        if (found.isEmpty()) {
            throw new ImageException(
                    ErrorKind.CORRUPT, "Unable to import " + whose + " certificate " + file + ": there is none in it");
        }
        if (sanityCheck) {
            for (X509Certificate each : found) {
                requireValid(each, "The " + whose + " certificate " + file);
            }
        }
        return found;
    }

    private static void requireValid(X509Certificate certificate, String what) throws ImageException {
        try {
            certificate.checkValidity();
        } catch (CertificateExpiredException expired) {
            throw refused(what + " has expired", expired);
        } catch (CertificateNotYetValidException early) {
            throw refused(what + " is not yet active", early);
        }
    }

    /** One's own certificates and key; none for a client that has none. */
    private KeyManager[] own(Endpoint endpoint, boolean sanityCheck) throws GeneralSecurityException, IOException {
        String whose = endpoint == Endpoint.SERVER ? "server" : "client";
        Path certificateFile = folder.resolve(whose + "-cert.pem");
        Path keyFile = folder.resolve(whose + "-key.pem");
        if (endpoint == Endpoint.CLIENT && (Files.notExists(certificateFile) || Files.notExists(keyFile))) {
            return new KeyManager[0];
        }
        X509Certificate[] chain =
                certificates(whose + "-cert.pem", whose, sanityCheck).toArray(new X509Certificate[0]);
        PrivateKey key = key(keyFile);
        if (!belongs(key, chain[0].getPublicKey())) {
            throw new ImageException(
                    ErrorKind.CORRUPT,
                    "Cannot load certificate '" + certificateFile + "' & key '" + keyFile
                            + "': The certificate and the given key do not match.");
        }
        KeyStore store = emptyStore();
        store.setKeyEntry(whose, key, NO_PASSWORD, chain);
        KeyManagerFactory managers = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        managers.init(store, NO_PASSWORD);
        return managers.getKeyManagers();
    }

    private static PrivateKey key(Path file) throws IOException {
        try {
            PrivateKey key = PrivateKeys.find(Pem.read(file));
            if (key != null) {
                return key;
            }
        } catch (GeneralSecurityException broken) {
            throw refused("Unable to import private key " + file + ": " + broken.getMessage(), broken);
        }
        throw new ImageException(ErrorKind.CORRUPT, "Unable to import private key " + file + ": there is none in it");
    }

    /** Whether what one signs, the other verifies. */
    private static boolean belongs(PrivateKey secret, PublicKey open) throws GeneralSecurityException {
        if (!secret.getAlgorithm().equals(open.getAlgorithm())) {
            return false;
        }
        String algorithm = switch (secret.getAlgorithm()) {
            case "RSA" -> "SHA256withRSA";
            case "EC" -> "SHA256withECDSA";
            default -> secret.getAlgorithm();
        };
        Signature signature = Signature.getInstance(algorithm);
        signature.initSign(secret);
        signature.update(VERIFIED);
        byte[] signed = signature.sign();
        signature.initVerify(open);
        signature.update(VERIFIED);
        return signature.verify(signed);
    }

    private static final byte[] VERIFIED = {1, 2, 3};

    private static X509ExtendedTrustManager trust(List<X509Certificate> authorities)
            throws GeneralSecurityException, IOException {
        KeyStore store = emptyStore();
        for (int i = 0; i < authorities.size(); i++) {
            store.setCertificateEntry("ca" + i, authorities.get(i));
        }
        TrustManagerFactory managers = TrustManagerFactory.getInstance("PKIX");
        managers.init(store);
        return (X509ExtendedTrustManager) managers.getTrustManagers()[0];
    }

    private static KeyStore emptyStore() throws GeneralSecurityException, IOException {
        KeyStore store = KeyStore.getInstance("PKCS12");
        store.load(null, null);
        return store;
    }

    /** The lists of what was revoked, each signed by an authority. */
    private List<X509CRL> revoked(List<X509Certificate> authorities) throws IOException {
        Path file = folder.resolve("ca-crl.pem");
        List<X509CRL> lists = new ArrayList<>();
        if (Files.notExists(file)) {
            return lists;
        }
        for (Pem block : Pem.read(file)) {
            try {
                X509CRL list = (X509CRL) certificates.generateCRL(new ByteArrayInputStream(block.content()));
                if (authorities.stream().noneMatch(authority -> isSigned(list, authority))) {
                    throw new GeneralSecurityException("no authority signed it");
                }
                lists.add(list);
            } catch (GeneralSecurityException broken) {
                throw refused("Unable to import CRL " + file + ": " + broken.getMessage(), broken);
            }
        }
        return lists;
    }

    private static boolean isSigned(X509CRL list, X509Certificate authority) {
        try {
            list.verify(authority.getPublicKey());
            return true;
        } catch (GeneralSecurityException another) {
            return false;
        }
    }
}
