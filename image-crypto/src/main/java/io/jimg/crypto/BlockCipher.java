package io.jimg.crypto;

/**
 * A block cipher with its key set for one direction: many blocks at a time, each by itself. Keeps state; for one
 * thread.
 */
interface BlockCipher {

    /**
     * Transforms whole blocks in place.
     *
     * @param offset first byte in {@code bytes}
     * @param length bytes, a multiple of the block's length
     */
    void transform(byte[] bytes, int offset, int length);

    /** A cipher of that algorithm. */
    static BlockCipher of(CipherAlgorithm algorithm, byte[] key, boolean encrypting) {
        return algorithm.family().equals("aes")
                ? new JavaAes(key, encrypting)
                : new BouncyCipher(algorithm, key, encrypting);
    }
}
