package io.jimg.crypto;

import io.jimg.ErrorKind;
import io.jimg.ImageException;
import org.jspecify.annotations.Nullable;

/**
 * How sectors are encrypted.
 *
 * @param algorithm the block cipher
 * @param mode how it is used on a sector
 * @param ivGenerator how a sector's IV is made
 * @param ivHash the hash of {@link IvGenerator#ESSIV}; others do without
 */
public record CipherSpec(
        CipherAlgorithm algorithm,
        CipherMode mode,
        IvGenerator ivGenerator,
        @Nullable HashAlgorithm ivHash) {

    /** What QEMU encrypts legacy qcow2 images with. */
    public static final CipherSpec LEGACY =
            new CipherSpec(CipherAlgorithm.AES_128, CipherMode.CBC, IvGenerator.PLAIN64, null);

    /** Bytes of a key for all of it. */
    public int keyLength() {
        return algorithm.keyLength() * mode.keys();
    }

    /** The name of mode and IV generator in a LUKS header, such as {@code xts-plain64} or {@code cbc-essiv:sha256}. */
    public String modeText() {
        return mode.text() + "-" + ivGenerator.text() + (ivHash == null ? "" : ":" + ivHash.text());
    }

    /**
     * Checks that the parts go together.
     *
     * @throws ImageException {@link ErrorKind#UNSUPPORTED} with QEMU's sentence
     */
    public void check() throws ImageException {
        if (mode == CipherMode.XTS && algorithm.blockLength() != SectorCipher.XTS_BLOCK) {
            throw new ImageException(ErrorKind.UNSUPPORTED, "Unsupported cipher mode " + mode.text());
        }
        if (ivGenerator == IvGenerator.ESSIV) {
            essivCipher();
        }
    }

    /**
     * The cipher that encrypts the IVs of {@link IvGenerator#ESSIV}: of the same family, with keys as long as the hash.
     */
    CipherAlgorithm essivCipher() throws ImageException {
        if (ivHash == null) {
            throw new ImageException(ErrorKind.UNSUPPORTED, "Missing IV generator hash specification");
        }
        if (algorithm == CipherAlgorithm.CAST5_128) {
            throw new ImageException(ErrorKind.UNSUPPORTED, "Cipher " + algorithm.text() + " not supported with essiv");
        }
        CipherAlgorithm found = CipherAlgorithm.find(algorithm.family(), ivHash.length());
        if (found == null) {
            throw new ImageException(
                    ErrorKind.UNSUPPORTED,
                    "No " + algorithm.title() + " cipher with key size " + ivHash.length() + " available");
        }
        return found;
    }
}
