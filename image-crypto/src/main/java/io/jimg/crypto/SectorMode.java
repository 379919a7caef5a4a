package io.jimg.crypto;

/** A block cipher's mode on whole sectors. Keeps state; for one thread. */
@FunctionalInterface
interface SectorMode {

    /**
     * Transforms sectors in place.
     *
     * @param bytes sectors of {@link SectorCipher#SECTOR} bytes from the array's start
     * @param length bytes of them, a multiple of a sector
     * @param vectors the sectors' IVs, each as long as a block of the cipher, one behind the other; may be overwritten
     */
    void transform(byte[] bytes, int length, byte[] vectors);
}
