package io.jimg.nbd.tls;

import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.spec.InvalidKeySpecException;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Private keys out of PEM blocks: PKCS #8 (RFC 5958) as it is, and the older forms of RSA (PKCS #1, RFC 8017 section
 * A.1.2) and of elliptic curves (SEC 1, RFC 5915), which are given the envelope of PKCS #8 that Java wants.
 */
final class PrivateKeys {
    private static final int SEQUENCE = 0x30;
    private static final int OCTET_STRING = 0x04;
    /** Parameters inside of an elliptic curve's key. */
    private static final int PARAMETERS = 0xa0;

    private static final byte[] VERSION = {2, 1, 0};
    /** The identifier of RSA, 1.2.840.113549.1.1.1, and its parameters, which are NULL. */
    private static final byte[] RSA = {6, 9, 0x2a, (byte) 0x86, 0x48, (byte) 0x86, (byte) 0xf7, 0x0d, 1, 1, 1, 5, 0};
    /** The identifier of keys of elliptic curves, 1.2.840.10045.2.1. */
    private static final byte[] CURVE = {6, 7, 0x2a, (byte) 0x86, 0x48, (byte) 0xce, 0x3d, 2, 1};

    private PrivateKeys() {}

    /**
     * The first key among blocks; null where there is none.
     *
     * @throws GeneralSecurityException for a key that is encrypted, broken, or of a kind that Java does not know
     */
    static @Nullable PrivateKey find(List<Pem> blocks) throws GeneralSecurityException {
        for (Pem block : blocks) {
            switch (block.label()) {
                case "PRIVATE KEY" -> {
                    return parse(block.content());
                }
                case "RSA PRIVATE KEY" -> {
                    return parse(envelope(RSA, block.content()));
                }
                case "EC PRIVATE KEY" -> {
                    return parse(envelope(join(CURVE, curve(block.content())), block.content()));
                }
                case "ENCRYPTED PRIVATE KEY" -> throw new InvalidKeySpecException("the key is encrypted");
                default -> {
                    // A certificate beside the key, or parameters that the key has inside of it once more.
                }
            }
        }
        return null;
    }

    private static PrivateKey parse(byte[] pkcs8) throws GeneralSecurityException {
        for (String algorithm : List.of("RSA", "EC", "EdDSA")) {
            try {
                return KeyFactory.getInstance(algorithm).generatePrivate(new PKCS8EncodedKeySpec(pkcs8));
            } catch (InvalidKeySpecException another) {
                // The envelope says which kind it is, and each factory refuses all others.
            }
        }
        throw new InvalidKeySpecException("the key is broken, or not of RSA, EC or EdDSA");
    }

    private static byte[] envelope(byte[] algorithm, byte[] key) {
        return element(SEQUENCE, join(join(VERSION, element(SEQUENCE, algorithm)), element(OCTET_STRING, key)));
    }

    /** The name of the curve, an element, out of an elliptic curve's key. */
    private static byte[] curve(byte[] key) throws InvalidKeySpecException {
        int[] sequence = bounds(key, 0, SEQUENCE);
        int[] version = bounds(key, sequence[0], VERSION[0]);
        int[] number = bounds(key, version[1], OCTET_STRING);
        int[] parameters = bounds(key, number[1], PARAMETERS);
        return Arrays.copyOfRange(key, parameters[0], parameters[1]);
    }

    /** Where the content of an element begins and ends. */
    private static int[] bounds(byte[] der, int at, int tag) throws InvalidKeySpecException {
        if (at + 2 <= der.length && (der[at] & 0xff) == tag) {
            int length = der[at + 1] & 0xff;
            int start = at + 2;
            if (length == 0x81 && start < der.length) {
                length = der[start++] & 0xff;
            }
            if (length <= der.length - start) {
                return new int[] {start, start + length};
            }
        }
        throw new InvalidKeySpecException("the key does not name its curve");
    }

    private static byte[] element(int tag, byte[] content) {
        int length = content.length;
        byte[] head = length < 0x80
                ? new byte[] {(byte) tag, (byte) length}
                : length <= 0xff
                        ? new byte[] {(byte) tag, (byte) 0x81, (byte) length}
                        : length <= 0xffff
                                ? new byte[] {(byte) tag, (byte) 0x82, (byte) (length >> 8), (byte) length}
                                : new byte[] {
                                    (byte) tag, (byte) 0x83, (byte) (length >> 16), (byte) (length >> 8), (byte) length
                                };
        return join(head, content);
    }

    private static byte[] join(byte[] first, byte[] second) {
        byte[] both = Arrays.copyOf(first, first.length + second.length);
        System.arraycopy(second, 0, both, first.length, second.length);
        return both;
    }
}
