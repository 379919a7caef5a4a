package io.jimg.crypto;

/**
 * CBC, NIST SP 800-38A. Within a sector each block waits for the one before it; so the sectors advance side by side,
 * the cipher seeing one block of each at a time.
 */
final class CbcEncryption implements SectorMode {
    private final BlockCipher cipher;
    private final int block;

    CbcEncryption(BlockCipher cipher, int block) {
        this.cipher = cipher;
        this.block = block;
    }

    @Override
    public void transform(byte[] bytes, int length, byte[] vectors) {
        int row = length / SectorCipher.SECTOR * block;
        // The IVs' array becomes the row of blocks that were encrypted last.
        for (int column = 0; column < SectorCipher.SECTOR; column += block) {
            for (int at = 0, sector = column; at < row; at += block, sector += SectorCipher.SECTOR) {
                Words.xor(vectors, at, bytes, sector, block);
            }
            cipher.transform(vectors, 0, row);
            for (int at = 0, sector = column; at < row; at += block, sector += SectorCipher.SECTOR) {
                System.arraycopy(vectors, at, bytes, sector, block);
            }
        }
    }
}
