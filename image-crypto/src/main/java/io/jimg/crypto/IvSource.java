package io.jimg.crypto;

import java.security.MessageDigest;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** Makes the IVs of consecutive sectors. For one thread. */
final class IvSource {
    private static final long LOW_HALF = 0xffff_ffffL;

    private final int length;
    private final boolean narrow;
    private final @Nullable BlockCipher cipher;

    private IvSource(int length, boolean narrow, @Nullable BlockCipher cipher) {
        this.length = length;
        this.narrow = narrow;
        this.cipher = cipher;
    }

    /**
     * The source for a cipher.
     *
     * @param ivCipher what encrypts the IVs of {@link IvGenerator#ESSIV}
     * @param key the whole key of the sectors
     */
    static IvSource of(CipherSpec spec, CipherAlgorithm ivCipher, byte[] key) {
        int length = spec.algorithm().blockLength();
        HashAlgorithm hash = spec.ivHash();
        if (spec.ivGenerator() != IvGenerator.ESSIV || hash == null) {
            return new IvSource(length, spec.ivGenerator() == IvGenerator.PLAIN, null);
        }
        MessageDigest digest = hash.newDigest();
        byte[] salt = digest.digest(key);
        try {
            return new IvSource(length, false, BlockCipher.of(ivCipher, salt, true));
        } finally {
            Arrays.fill(salt, (byte) 0);
        }
    }

    /** Writes the IVs of {@code count} sectors one behind the other. */
    void fill(byte[] vectors, int count, long firstSector) {
        int end = count * length;
        for (int at = 0, i = 0; at < end; at += length, i++) {
            long sector = firstSector + i;
            Words.set(vectors, at, narrow ? sector & LOW_HALF : sector);
            if (length > Long.BYTES) {
                Words.set(vectors, at + Long.BYTES, 0);
            }
        }
        if (cipher != null) {
            cipher.transform(vectors, 0, end);
        }
    }
}
