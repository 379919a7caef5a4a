package io.jimg.crypto;

import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.util.Arrays;

/**
 * The anti-forensic splitter, LUKS On-Disk Format 1.2.3, section 2.4: a key becomes so many stripes that it is lost
 * with any of them.
 */
final class AntiForensic {
    private AntiForensic() {}

    /** The key as {@code stripes} times its length, all random but the last stripe. */
    static byte[] split(HashAlgorithm hash, byte[] key, int stripes, RandomSource random) {
        byte[] material = new byte[key.length * stripes];
        random.fill(material);
        byte[] state = diffused(hash, material, key.length, stripes);
        int last = key.length * (stripes - 1);
        for (int i = 0; i < key.length; i++) {
            material[last + i] = (byte) (state[i] ^ key[i]);
        }
        Arrays.fill(state, (byte) 0);
        return material;
    }

    /** The key that was split into the first {@code stripes} times {@code keyLength} bytes of {@code material}. */
    static byte[] merge(HashAlgorithm hash, byte[] material, int keyLength, int stripes) {
        byte[] key = diffused(hash, material, keyLength, stripes);
        int last = keyLength * (stripes - 1);
        for (int i = 0; i < keyLength; i++) {
            key[i] ^= material[last + i];
        }
        return key;
    }

    /** What all stripes but the last come to. */
    private static byte[] diffused(HashAlgorithm hash, byte[] material, int keyLength, int stripes) {
        byte[] state = new byte[keyLength];
        MessageDigest digest = hash.newDigest();
        for (int stripe = 0; stripe < stripes - 1; stripe++) {
            for (int i = 0; i < keyLength; i++) {
                state[i] ^= material[stripe * keyLength + i];
            }
            diffuse(digest, hash.length(), state);
        }
        return state;
    }

    private static void diffuse(MessageDigest digest, int length, byte[] state) {
        for (int at = 0, number = 0; at < state.length; at += length, number++) {
            int piece = Math.min(length, state.length - at);
            digest.update(ByteBuffer.allocate(Integer.BYTES).putInt(0, number).array());
            digest.update(state, at, piece);
            byte[] hashed = digest.digest();
            System.arraycopy(hashed, 0, state, at, piece);
        }
    }
}
