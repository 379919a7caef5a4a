package io.jimg.crypto;

/** CBC, NIST SP 800-38A, backwards: all blocks at once, each then joined with the encrypted one before it. */
final class CbcDecryption implements SectorMode {
    private final BlockCipher cipher;
    private final int block;
    private byte[] before = new byte[0];

    CbcDecryption(BlockCipher cipher, int block) {
        this.cipher = cipher;
        this.block = block;
    }

    @Override
    public void transform(byte[] bytes, int length, byte[] vectors) {
        if (before.length < length) {
            before = new byte[length];
        }
        System.arraycopy(bytes, 0, before, block, length - block);
        for (int at = 0, iv = 0; at < length; at += SectorCipher.SECTOR, iv += block) {
            System.arraycopy(vectors, iv, before, at, block);
        }
        cipher.transform(bytes, 0, length);
        Words.xor(bytes, 0, before, 0, length);
    }
}
