package io.jimg.crypto;

import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * Sectors encrypted as the definitions read, one block after the other, with nothing shared but the block cipher and
 * the hash.
 */
final class Naive {
    private Naive() {}

    static byte[] encrypt(CipherSpec spec, byte[] key, byte[] plain, long firstSector) throws Exception {
        byte[] result = new byte[plain.length];
        for (int at = 0; at < plain.length; at += 512) {
            byte[] sector = Arrays.copyOfRange(plain, at, at + 512);
            byte[] iv = iv(spec, key, firstSector + at / 512);
            byte[] done = switch (spec.mode()) {
                case ECB -> ecb(spec, key, sector);
                case CBC -> cbc(spec, key, sector, iv);
                case CTR -> ctr(spec, key, sector, iv);
                case XTS -> xts(spec, key, sector, iv);
            };
            System.arraycopy(done, 0, result, at, 512);
        }
        return result;
    }

    private static byte[] iv(CipherSpec spec, byte[] key, long sector) throws Exception {
        int block = spec.algorithm().blockLength();
        long number = spec.ivGenerator() == IvGenerator.PLAIN ? (int) sector & 0xffffffffL : sector;
        byte[] iv = ByteBuffer.allocate(16)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(number)
                .array();
        iv = Arrays.copyOf(iv, block);
        if (spec.ivGenerator() == IvGenerator.ESSIV) {
            HashAlgorithm hash = spec.ivHash() == null ? HashAlgorithm.SHA256 : spec.ivHash();
            return block(spec.essivCipher(), hash.newDigest().digest(key), iv);
        }
        return iv;
    }

    static byte[] block(CipherAlgorithm algorithm, byte[] key, byte[] plain) {
        byte[] bytes = plain.clone();
        BlockCipher.of(algorithm, key, true).transform(bytes, 0, bytes.length);
        return bytes;
    }

    private static byte[] ecb(CipherSpec spec, byte[] key, byte[] plain) {
        return block(spec.algorithm(), key, plain);
    }

    private static byte[] cbc(CipherSpec spec, byte[] key, byte[] plain, byte[] iv) {
        byte[] result = new byte[plain.length];
        byte[] before = iv;
        for (int at = 0; at < plain.length; at += iv.length) {
            before = block(spec.algorithm(), key, xor(Arrays.copyOfRange(plain, at, at + iv.length), before));
            System.arraycopy(before, 0, result, at, before.length);
        }
        return result;
    }

    private static byte[] ctr(CipherSpec spec, byte[] key, byte[] plain, byte[] iv) {
        byte[] result = new byte[plain.length];
        BigInteger counter = new BigInteger(1, iv);
        for (int at = 0; at < plain.length; at += iv.length) {
            byte[] wide = new byte[iv.length + 1];
            byte[] digits = counter.toByteArray();
            System.arraycopy(digits, 0, wide, wide.length - digits.length, digits.length);
            byte[] stream = block(spec.algorithm(), key, Arrays.copyOfRange(wide, 1, wide.length));
            System.arraycopy(xor(Arrays.copyOfRange(plain, at, at + iv.length), stream), 0, result, at, iv.length);
            counter = counter.add(BigInteger.ONE).mod(BigInteger.ONE.shiftLeft(iv.length * 8));
        }
        return result;
    }

    private static byte[] xts(CipherSpec spec, byte[] key, byte[] plain, byte[] iv) {
        byte[] first = Arrays.copyOf(key, key.length / 2);
        byte[] tweak = block(spec.algorithm(), Arrays.copyOfRange(key, key.length / 2, key.length), iv);
        byte[] result = new byte[plain.length];
        for (int at = 0; at < plain.length; at += 16) {
            byte[] done =
                    xor(block(spec.algorithm(), first, xor(Arrays.copyOfRange(plain, at, at + 16), tweak)), tweak);
            System.arraycopy(done, 0, result, at, 16);
            tweak = timesX(tweak);
        }
        return result;
    }

    private static byte[] timesX(byte[] tweak) {
        byte[] next = new byte[16];
        int carry = 0;
        for (int i = 0; i < 16; i++) {
            int value = (tweak[i] & 0xff) << 1 | carry;
            next[i] = (byte) value;
            carry = value >> 8;
        }
        next[0] ^= (byte) (carry * 0x87);
        return next;
    }

    private static byte[] xor(byte[] left, byte[] right) {
        byte[] result = left.clone();
        for (int i = 0; i < result.length; i++) {
            result[i] ^= right[i];
        }
        return result;
    }
}
