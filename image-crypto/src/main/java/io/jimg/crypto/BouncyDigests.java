package io.jimg.crypto;

import java.security.MessageDigest;
import org.bouncycastle.jcajce.provider.digest.Blake2b;
import org.bouncycastle.jcajce.provider.digest.Blake3;
import org.bouncycastle.jcajce.provider.digest.RIPEMD160;
import org.bouncycastle.jcajce.provider.digest.SM3;

/**
 * The hashes that Java lacks. A class of their own, for whoever is verified beside their names loads them, and with
 * them all that checks the signature of their jar: far more than a command that only tells about an image may take.
 */
final class BouncyDigests {
    private BouncyDigests() {}

    /** A fresh digest of RIPEMD-160. */
    static MessageDigest ripemd160() {
        return new RIPEMD160.Digest();
    }

    /** A fresh digest of SM3. */
    static MessageDigest sm3() {
        return new SM3.Digest();
    }

    /** A fresh digest of BLAKE2b, 512 bits. */
    static MessageDigest blake2b() {
        return new Blake2b.Blake2b512();
    }

    /** A fresh digest of BLAKE3, 256 bits. */
    static MessageDigest blake3() {
        return new Blake3.Blake3_256();
    }
}
