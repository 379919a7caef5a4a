package io.jimg.crypto;

/** Counter mode, NIST SP 800-38A: the whole block counts, big-endian, from the sector's IV. The same both ways. */
final class Counter implements SectorMode {
    private final BlockCipher cipher;
    private final int block;
    private byte[] stream = new byte[0];

    Counter(BlockCipher cipher, int block) {
        this.cipher = cipher;
        this.block = block;
    }

    @Override
    public void transform(byte[] bytes, int length, byte[] vectors) {
        if (stream.length < length) {
            stream = new byte[length];
        }
        for (int sector = 0, iv = 0; sector < length; sector += SectorCipher.SECTOR, iv += block) {
            for (int at = sector; at < sector + SectorCipher.SECTOR; at += block) {
                System.arraycopy(vectors, iv, stream, at, block);
                increment(vectors, iv);
            }
        }
        cipher.transform(stream, 0, length);
        Words.xor(bytes, 0, stream, 0, length);
    }

    private void increment(byte[] counter, int offset) {
        int at = offset + block - 1;
        while (at >= offset && ++counter[at] == 0) {
            at--;
        }
    }
}
