package io.jimg.crypto;

/**
 * XTS, IEEE 1619: a block's tweak is the sector's encrypted IV times x to the power of the block's number, in
 * GF(2^128).
 */
final class Xts implements SectorMode {
    private static final long POLYNOMIAL = 0x87;

    private final BlockCipher data;
    private final BlockCipher tweak;
    private byte[] tweaks = new byte[0];

    Xts(BlockCipher data, BlockCipher tweak) {
        this.data = data;
        this.tweak = tweak;
    }

    @Override
    public void transform(byte[] bytes, int length, byte[] vectors) {
        if (tweaks.length < length) {
            tweaks = new byte[length];
        }
        int sectors = length / SectorCipher.SECTOR;
        tweak.transform(vectors, 0, sectors * SectorCipher.XTS_BLOCK);
        for (int i = 0; i < sectors; i++) {
            spread(vectors, i * SectorCipher.XTS_BLOCK, tweaks, i * SectorCipher.SECTOR);
        }
        Words.xor(bytes, 0, tweaks, 0, length);
        data.transform(bytes, 0, length);
        Words.xor(bytes, 0, tweaks, 0, length);
    }

    private static void spread(byte[] vectors, int vector, byte[] tweaks, int start) {
        long low = Words.get(vectors, vector);
        long high = Words.get(vectors, vector + Long.BYTES);
        for (int at = start; at < start + SectorCipher.SECTOR; at += SectorCipher.XTS_BLOCK) {
            Words.set(tweaks, at, low);
            Words.set(tweaks, at + Long.BYTES, high);
            long carry = high >> (Long.SIZE - 1) & POLYNOMIAL;
            high = high << 1 | low >>> (Long.SIZE - 1);
            low = low << 1 ^ carry;
        }
    }
}
