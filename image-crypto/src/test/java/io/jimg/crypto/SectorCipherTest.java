package io.jimg.crypto;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.jimg.ImageException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every combination of cipher, mode and IV generator against a second derivation. */
class SectorCipherTest {
    /** Longer than what is transformed at a time, and no multiple of it. */
    private static final int LENGTH = 79 * 512;

    static Stream<CipherSpec> combinations() {
        List<CipherSpec> all = new ArrayList<>();
        for (CipherAlgorithm algorithm : CipherAlgorithm.values()) {
            for (CipherMode mode : CipherMode.values()) {
                for (IvGenerator generator : IvGenerator.values()) {
                    @Nullable HashAlgorithm hash = generator == IvGenerator.ESSIV ? HashAlgorithm.SHA256 : null;
                    CipherSpec spec = new CipherSpec(algorithm, mode, generator, hash);
                    if (goesTogether(spec)) {
                        all.add(spec);
                    }
                }
            }
        }
        return all.stream();
    }

    private static boolean goesTogether(CipherSpec spec) {
        try {
            spec.check();
            return true;
        } catch (ImageException refused) {
            return false;
        }
    }

    @Test
    void allThatQemuOffersAreThere() {
        // Ten ciphers, four modes, three generators, but for CAST5 with XTS or with ESSIV.
        assertThat(combinations()).hasSize(10 * 4 * 3 - 3 - 3);
    }

    @ParameterizedTest
    @MethodSource("combinations")
    void encryptsAsDefined(CipherSpec spec) throws Exception {
        Random random = new Random(spec.hashCode());
        byte[] key = bytes(random, spec.keyLength());
        byte[] plain = bytes(random, LENGTH);
        // Over the end of 32 bits, where the two plain generators part.
        long sector = (1L << 32) - 7;
        byte[] expected = Naive.encrypt(spec, key, plain, sector);
        try (SectorCipher cipher = new SectorCipher(spec, key)) {
            ByteBuffer encrypted = ByteBuffer.allocateDirect(LENGTH);
            cipher.encrypt(ByteBuffer.wrap(plain).asReadOnlyBuffer(), encrypted, sector);
            assertThat(encrypted.flip()).isEqualTo(ByteBuffer.wrap(expected));
            cipher.decrypt(encrypted, sector);
            assertThat(encrypted).isEqualTo(ByteBuffer.wrap(plain));
        }
    }

    @Test
    void threadsDoNotDisturbEachOther() throws Exception {
        CipherSpec spec = new CipherSpec(CipherAlgorithm.AES_256, CipherMode.XTS, IvGenerator.PLAIN64, null);
        Random random = new Random(5);
        byte[] key = bytes(random, spec.keyLength());
        byte[] plain = bytes(random, LENGTH);
        byte[] expected = Naive.encrypt(spec, key, plain, 9);
        try (SectorCipher cipher = new SectorCipher(spec, key)) {
            IntStream.range(0, 200).parallel().forEach(i -> {
                ByteBuffer bytes = ByteBuffer.wrap(plain.clone());
                cipher.encrypt(bytes.duplicate(), bytes.duplicate(), 9);
                assertThat(bytes.array()).isEqualTo(expected);
                cipher.decrypt(bytes, 9);
                assertThat(bytes.array()).isEqualTo(plain);
            });
        }
    }

    @Test
    void aClosedCipherEncryptsNothing() throws Exception {
        SectorCipher cipher = new SectorCipher(CipherSpec.LEGACY, new byte[16]);
        cipher.close();
        assertThatThrownBy(() -> cipher.decrypt(ByteBuffer.allocate(512), 0)).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void refusesWhatDoesNotGoTogether() {
        assertThatThrownBy(() ->
                        new CipherSpec(CipherAlgorithm.CAST5_128, CipherMode.XTS, IvGenerator.PLAIN64, null).check())
                .hasMessage("Unsupported cipher mode xts");
        assertThatThrownBy(() -> new CipherSpec(
                                CipherAlgorithm.CAST5_128, CipherMode.CBC, IvGenerator.ESSIV, HashAlgorithm.SHA256)
                        .check())
                .hasMessage("Cipher cast5-128 not supported with essiv");
        assertThatThrownBy(() -> new CipherSpec(
                                CipherAlgorithm.AES_256, CipherMode.CBC, IvGenerator.ESSIV, HashAlgorithm.SHA1)
                        .check())
                .hasMessage("No AES cipher with key size 20 available");
        assertThatThrownBy(() -> new CipherSpec(
                                CipherAlgorithm.SERPENT_192, CipherMode.CBC, IvGenerator.ESSIV, HashAlgorithm.SHA512)
                        .check())
                .hasMessage("No Serpent cipher with key size 64 available");
    }

    private static byte[] bytes(Random random, int length) {
        byte[] bytes = new byte[length];
        random.nextBytes(bytes);
        return bytes;
    }
}
