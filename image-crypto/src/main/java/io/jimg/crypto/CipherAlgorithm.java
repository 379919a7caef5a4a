package io.jimg.crypto;

import org.jspecify.annotations.Nullable;

/** The block ciphers that QEMU offers for LUKS, by key size. */
public enum CipherAlgorithm {
    /** AES, FIPS 197, with keys of 128 bits. */
    AES_128("aes", 16, 16),
    /** AES with keys of 192 bits. */
    AES_192("aes", 24, 16),
    /** AES with keys of 256 bits. */
    AES_256("aes", 32, 16),
    /** CAST5, RFC 2144, with keys of 128 bits: blocks of 8 bytes. */
    CAST5_128("cast5", 16, 8),
    /** Serpent with keys of 128 bits. */
    SERPENT_128("serpent", 16, 16),
    /** Serpent with keys of 192 bits. */
    SERPENT_192("serpent", 24, 16),
    /** Serpent with keys of 256 bits. */
    SERPENT_256("serpent", 32, 16),
    /** Twofish with keys of 128 bits. */
    TWOFISH_128("twofish", 16, 16),
    /** Twofish with keys of 192 bits. */
    TWOFISH_192("twofish", 24, 16),
    /** Twofish with keys of 256 bits. */
    TWOFISH_256("twofish", 32, 16);

    private final String family;
    private final int keyLength;
    private final int blockLength;

    CipherAlgorithm(String family, int keyLength, int blockLength) {
        this.family = family;
        this.keyLength = keyLength;
        this.blockLength = blockLength;
    }

    /** The name in options, such as {@code aes-256}. */
    public String text() {
        return family + "-" + keyLength * Byte.SIZE;
    }

    /** The name in a LUKS header, such as {@code aes}, which leaves the key's size to another field. */
    public String family() {
        return family;
    }

    /** Bytes of a key of the cipher itself; a mode may take two of them. */
    public int keyLength() {
        return keyLength;
    }

    /** Bytes of a block. */
    int blockLength() {
        return blockLength;
    }

    /** The cipher of a family with keys of so many bytes; null where there is none. */
    public static @Nullable CipherAlgorithm find(String family, int keyLength) {
        for (CipherAlgorithm each : values()) {
            if (each.family.equals(family) && each.keyLength == keyLength) {
                return each;
            }
        }
        return null;
    }

    /** The family's name as people write it. */
    String title() {
        return family.equals("aes") ? "AES" : Character.toUpperCase(family.charAt(0)) + family.substring(1);
    }
}
