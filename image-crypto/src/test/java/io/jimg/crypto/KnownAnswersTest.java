package io.jimg.crypto;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Answers that the standards print. */
@Tag("quick")
class KnownAnswersTest {
    private static final HexFormat HEX = HexFormat.of();

    /** FIPS 197 appendix C; the NESSIE vectors of Serpent; the Twofish paper's tables; RFC 2144 appendix B.1. */
    @ParameterizedTest
    @CsvSource({
        "AES_128, 000102030405060708090a0b0c0d0e0f, 00112233445566778899aabbccddeeff, 69c4e0d86a7b0430d8cdb78070b4c55a",
        "AES_192, 000102030405060708090a0b0c0d0e0f1011121314151617, 00112233445566778899aabbccddeeff,"
                + " dda97ca4864cdfe06eaf70a0ec0d7191",
        "AES_256, 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f,"
                + " 00112233445566778899aabbccddeeff, 8ea2b7ca516745bfeafc49904b496089",
        "CAST5_128, 0123456712345678234567893456789a, 0123456789abcdef, 238b4fe5847e44b2",
        "TWOFISH_128, 00000000000000000000000000000000, 00000000000000000000000000000000,"
                + " 9f589f5cf6122c32b6bfec2f2ae8c35a",
        "TWOFISH_192, 0123456789abcdeffedcba98765432100011223344556677, 00000000000000000000000000000000,"
                + " cfd1d2e5a9be9cdf501f13b892bd2248",
        "TWOFISH_256, 0123456789abcdeffedcba987654321000112233445566778899aabbccddeeff,"
                + " 00000000000000000000000000000000, 37527be0052334b89f0cfccae87cfa20",
        "SERPENT_128, 80000000000000000000000000000000, 00000000000000000000000000000000,"
                + " 264e5481eff42a4606abda06c0bfda3d",
    })
    void blocks(CipherAlgorithm algorithm, String key, String plain, String encrypted) {
        byte[] bytes = HEX.parseHex(plain);
        BlockCipher.of(algorithm, HEX.parseHex(key), true).transform(bytes, 0, bytes.length);
        assertThat(HEX.formatHex(bytes)).isEqualTo(encrypted);
        BlockCipher.of(algorithm, HEX.parseHex(key), false).transform(bytes, 0, bytes.length);
        assertThat(HEX.formatHex(bytes)).isEqualTo(plain);
    }

    /** IEEE 1619-2007 annex B, vectors 4 and 10: whole sectors of 512 bytes. */
    @ParameterizedTest
    @CsvSource({
        "AES_128, 2718281828459045235360287471352631415926535897932384626433832795, 0,"
                + " 27a7479befa1d476489f308cd4cfa6e2a96e4bbe3208ff25287dd3819616e89c",
        "AES_256, 2718281828459045235360287471352662497757247093699959574966967627"
                + "3141592653589793238462643383279502884197169399375105820974944592, 255,"
                + " 1c3b3a102f770386e4836c99e370cf9bea00803f5e482357a4ae12d414a3e63b",
    })
    void xts(CipherAlgorithm algorithm, String key, long sector, String beginning) throws Exception {
        byte[] plain = new byte[512];
        for (int i = 0; i < plain.length; i++) {
            plain[i] = (byte) i;
        }
        CipherSpec spec = new CipherSpec(algorithm, CipherMode.XTS, IvGenerator.PLAIN64, null);
        ByteBuffer encrypted = ByteBuffer.allocate(512);
        try (SectorCipher cipher = new SectorCipher(spec, HEX.parseHex(key))) {
            cipher.encrypt(ByteBuffer.wrap(plain), encrypted, sector);
            assertThat(HEX.formatHex(encrypted.array(), 0, 32)).isEqualTo(beginning);
            cipher.decrypt(encrypted.flip(), sector);
            assertThat(encrypted.array()).isEqualTo(plain);
        }
    }

    private static final String MESSAGE = "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51"
            + "30c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710";
    private static final byte[] KEY = HEX.parseHex("2b7e151628aed2a6abf7158809cf4f3c");

    /** NIST SP 800-38A, F.2.1 and F.2.2. */
    @Test
    void cbc() {
        byte[] bytes = Arrays.copyOf(HEX.parseHex(MESSAGE), 512);
        byte[] iv = HEX.parseHex("000102030405060708090a0b0c0d0e0f");
        new CbcEncryption(BlockCipher.of(CipherAlgorithm.AES_128, KEY, true), 16).transform(bytes, 512, iv.clone());
        assertThat(HEX.formatHex(bytes, 0, 64))
                .isEqualTo("7649abac8119b246cee98e9b12e9197d5086cb9b507219ee95db113a917678b2"
                        + "73bed6b8e3c1743b7116e69e222295163ff1caa1681fac09120eca307586e1a7");
        new CbcDecryption(BlockCipher.of(CipherAlgorithm.AES_128, KEY, false), 16).transform(bytes, 512, iv.clone());
        assertThat(bytes).isEqualTo(Arrays.copyOf(HEX.parseHex(MESSAGE), 512));
    }

    /** NIST SP 800-38A, F.5.1. */
    @Test
    void ctr() {
        byte[] bytes = Arrays.copyOf(HEX.parseHex(MESSAGE), 512);
        byte[] iv = HEX.parseHex("f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff");
        new Counter(BlockCipher.of(CipherAlgorithm.AES_128, KEY, true), 16).transform(bytes, 512, iv);
        assertThat(HEX.formatHex(bytes, 0, 64))
                .isEqualTo("874d6191b620e3261bef6864990db6ce9806f66b7970fdff8617187bb9fffdff"
                        + "5ae4df3edbd5d35e5b4f09020db03eab1e031dda2fbe03d1792170a0f3009cee");
    }

    /** RFC 6070, and its vectors with SHA-256. */
    @ParameterizedTest
    @CsvSource({
        "SHA1, 1, 0c60c80f961f0e71f3a9b524af6012062fe037a6",
        "SHA1, 4096, 4b007901b765489abead49d926f721d065a429c1",
        "SHA256, 1, 120fb6cffcf8b32c43e7225256c4f837a86548c92ccc35480805987cb70be17b",
        "SHA256, 4096, c5e478d59288c841aa530db6845c4c8d962893a001ce4e11a4963873aa98134a",
    })
    void pbkdf2(HashAlgorithm hash, long iterations, String key) throws Exception {
        byte[] password = "password".getBytes(StandardCharsets.US_ASCII);
        byte[] salt = "salt".getBytes(StandardCharsets.US_ASCII);
        assertThat(HEX.formatHex(Pbkdf2.derive(hash, password, salt, iterations, key.length() / 2)))
                .isEqualTo(key);
    }

    /** RFC 6070: a key and a salt longer than a block of the hash's output. */
    @Test
    void pbkdf2OfSeveralBlocks() throws Exception {
        byte[] password = "passwordPASSWORDpassword".getBytes(StandardCharsets.US_ASCII);
        byte[] salt = "saltSALTsaltSALTsaltSALTsaltSALTsalt".getBytes(StandardCharsets.US_ASCII);
        assertThat(HEX.formatHex(Pbkdf2.derive(HashAlgorithm.SHA1, password, salt, 4096, 25)))
                .isEqualTo("3d2eec4fe41c849b80c8d83662c0e44a8b291a964cf2f07038");
    }

    /** The hash of "abc", from each hash's own standard. */
    @ParameterizedTest
    @CsvSource({
        "MD5, 900150983cd24fb0d6963f7d28e17f72",
        "SHA1, a9993e364706816aba3e25717850c26c9cd0d89d",
        "SHA224, 23097d223405d8228642a477bda255b32aadbce4bda0b3f7e36c9da7",
        "SHA256, ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
        "RIPEMD160, 8eb208f7e05d987a9b044a8e98c6b087f15a0bfc",
        "SM3, 66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0",
    })
    void hashes(HashAlgorithm hash, String expected) {
        byte[] result = hash.newDigest().digest("abc".getBytes(StandardCharsets.US_ASCII));
        assertThat(HEX.formatHex(result)).isEqualTo(expected);
        assertThat(hash.length()).isEqualTo(result.length);
    }
}
