package io.jimg.spi;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.List;
import java.util.function.Supplier;

/**
 * How a disk's content is hashed.
 *
 * @param name what people call it: {@code sha256}
 * @param hash gives fresh hash functions
 * @param blockSize 0 where the content is hashed from its first byte to its last, as {@code sha256sum} hashes a file;
 *     otherwise bytes of the blocks that are hashed one by one, and their digests together
 */
public record DigestAlgorithm(String name, Supplier<MessageDigest> hash, int blockSize) {
    /** SHA-256 of the content: what {@code sha256sum} says of the raw image. */
    public static final DigestAlgorithm SHA256 = new DigestAlgorithm("sha256", () -> ofJava("SHA-256"), 0);

    /** SHA-512 of the content: what {@code sha512sum} says of the raw image. */
    public static final DigestAlgorithm SHA512 = new DigestAlgorithm("sha512", () -> ofJava("SHA-512"), 0);

    private static final int BLOCK = 64 << 10;
    private static final String BLOCKS = "blkhash-";

    /**
     * The blkhash construction over SHA-256 (Soffer, Waisbard: An Efficient Hash Function Construction for Sparse Data,
     * SECRYPT 2024): the hash of the digests of all blocks of 64 KiB, the last one as long as it is, and of the
     * content's length as 8 bytes, little-endian. What {@code blksum} says of an image. Blocks are hashed by as many
     * threads as there are, and blocks of zeroes not at all.
     */
    public static final DigestAlgorithm BLKHASH_SHA256 = blocks(SHA256);

    /** Those that need no library. */
    public static final List<DigestAlgorithm> OF_JAVA = List.of(SHA256, SHA512, BLKHASH_SHA256, blocks(SHA512));

    /** The blkhash construction over another hash function. */
    public static DigestAlgorithm blocks(DigestAlgorithm inner) {
        if (inner.blockSize() != 0) {
            throw new IllegalArgumentException(inner.name());
        }
        return new DigestAlgorithm(BLOCKS + inner.name(), inner.hash(), BLOCK);
    }

    private static MessageDigest ofJava(String name) {
        try {
            return MessageDigest.getInstance(name);
        } catch (NoSuchAlgorithmException missing) {
            throw new IllegalStateException("every Java has " + name, missing);
        }
    }
}
