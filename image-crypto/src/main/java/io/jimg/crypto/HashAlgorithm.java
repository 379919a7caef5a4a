package io.jimg.crypto;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;

/** The hashes that QEMU offers for keys and IVs, under the names that options and LUKS headers use. */
public enum HashAlgorithm {
    /** MD5, RFC 1321: 16 bytes. */
    MD5("md5", "MD5", 16, 64),
    /** SHA-1, FIPS 180-4: 20 bytes. */
    SHA1("sha1", "SHA-1", 20, 64),
    /** SHA-224, FIPS 180-4: 28 bytes. */
    SHA224("sha224", "SHA-224", 28, 64),
    /** SHA-256, FIPS 180-4: 32 bytes. */
    SHA256("sha256", "SHA-256", 32, 64),
    /** SHA-384, FIPS 180-4: 48 bytes. */
    SHA384("sha384", "SHA-384", 48, 128),
    /** SHA-512, FIPS 180-4: 64 bytes. */
    SHA512("sha512", "SHA-512", 64, 128),
    /** RIPEMD-160, ISO/IEC 10118-3: 20 bytes. */
    RIPEMD160("ripemd160", "", 20, 64),
    /** SM3, GB/T 32905: 32 bytes. */
    SM3("sm3", "", 32, 64);

    private final String text;
    private final String javaName;
    private final int length;
    private final int blockLength;

    HashAlgorithm(String text, String javaName, int length, int blockLength) {
        this.text = text;
        this.javaName = javaName;
        this.length = length;
        this.blockLength = blockLength;
    }

    /** The name in options and headers, such as {@code sha256}. */
    public String text() {
        return text;
    }

    /** Bytes of a hash. */
    public int length() {
        return length;
    }

    /** Bytes that the hash takes in at once, as HMAC pads its key (RFC 2104). */
    int blockLength() {
        return blockLength;
    }

    /** A fresh digest, for one thread; it can be cloned. */
    MessageDigest newDigest() {
        if (this == RIPEMD160) {
            return BouncyDigests.ripemd160();
        }
        if (this == SM3) {
            return BouncyDigests.sm3();
        }
        try {
            return MessageDigest.getInstance(javaName);
        } catch (NoSuchAlgorithmException missing) {
            throw new IllegalStateException("this Java lacks " + javaName, missing);
        }
    }
}
