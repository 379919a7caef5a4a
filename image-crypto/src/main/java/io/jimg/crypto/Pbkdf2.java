package io.jimg.crypto;

import io.jimg.ErrorKind;
import io.jimg.ImageException;
import java.nio.ByteBuffer;
import java.util.Arrays;

/** PBKDF2, RFC 8018 section 5.2, with HMAC. */
final class Pbkdf2 {
    /** So often is looked whether the thread was interrupted. */
    private static final int STEP = 1 << 12;

    private Pbkdf2() {}

    /**
     * Derives a key.
     *
     * @param iterations at least 1; whoever took it from a file has bounded it
     * @param length bytes wanted
     * @throws ImageException {@link ErrorKind#CANCELLED} soon after the thread was interrupted; its flag stays set
     */
    static byte[] derive(HashAlgorithm hash, byte[] password, byte[] salt, long iterations, int length)
            throws ImageException {
        Hmac hmac = new Hmac(hash, password);
        byte[] key = new byte[length];
        byte[] block = new byte[hash.length()];
        byte[] sum = new byte[hash.length()];
        for (int done = 0, number = 1; done < length; done += block.length, number++) {
            byte[] first = ByteBuffer.allocate(salt.length + Integer.BYTES)
                    .put(salt)
                    .putInt(number)
                    .array();
            hmac.code(first, first.length, block);
            System.arraycopy(block, 0, sum, 0, sum.length);
            for (long i = 1; i < iterations; i++) {
                hmac.code(block, block.length, block);
                for (int at = 0; at < sum.length; at++) {
                    sum[at] ^= block[at];
                }
                if (i % STEP == 0 && Thread.currentThread().isInterrupted()) {
                    Arrays.fill(key, (byte) 0);
                    throw new ImageException(ErrorKind.CANCELLED, "The operation was cancelled");
                }
            }
            System.arraycopy(sum, 0, key, done, Math.min(sum.length, length - done));
        }
        Arrays.fill(block, (byte) 0);
        Arrays.fill(sum, (byte) 0);
        return key;
    }
}
