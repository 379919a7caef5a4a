package io.jimg.crypto;

import java.security.DigestException;
import java.security.MessageDigest;
import java.util.Arrays;

/** HMAC, RFC 2104, with the work on its key done once. For one thread. */
final class Hmac {
    private static final byte INNER = 0x36;
    private static final byte OUTER = 0x5c;

    private final MessageDigest inner;
    private final MessageDigest outer;
    private final int length;

    Hmac(HashAlgorithm hash, byte[] key) {
        byte[] padded = key.length > hash.blockLength() ? hash.newDigest().digest(key) : key.clone();
        byte[] block = Arrays.copyOf(padded, hash.blockLength());
        inner = keyed(hash, block, INNER);
        outer = keyed(hash, block, OUTER);
        length = hash.length();
        Arrays.fill(padded, (byte) 0);
        Arrays.fill(block, (byte) 0);
    }

    private static MessageDigest keyed(HashAlgorithm hash, byte[] key, byte pad) {
        byte[] block = key.clone();
        for (int i = 0; i < block.length; i++) {
            block[i] ^= pad;
        }
        MessageDigest digest = hash.newDigest();
        digest.update(block);
        Arrays.fill(block, (byte) 0);
        return digest;
    }

    /** Puts the code of {@code message} at the start of {@code result}; they may be the same array. */
    void code(byte[] message, int messageLength, byte[] result) {
        try {
            MessageDigest first = (MessageDigest) inner.clone();
            first.update(message, 0, messageLength);
            first.digest(result, 0, length);
            MessageDigest second = (MessageDigest) outer.clone();
            second.update(result, 0, length);
            second.digest(result, 0, length);
        } catch (CloneNotSupportedException | DigestException broken) {
            throw new IllegalStateException(broken);
        }
    }
}
