package io.jimg.luks;

import static org.assertj.core.api.Assertions.assertThat;

import io.jimg.DiskImage;
import io.jimg.crypto.CipherAlgorithm;
import io.jimg.crypto.CipherMode;
import io.jimg.crypto.HashAlgorithm;
import io.jimg.crypto.IvGenerator;
import io.jimg.spi.ImageWriter;
import io.jimg.storage.FileStorage;
import io.jimg.testkit.CryptsetupOracle;
import io.jimg.testkit.QemuOracle;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** What we make and write, the real tools read; and what they write into it, we read. */
class QemuComparisonTest {
    private static final int SIZE = 128 << 10;

    @TempDir
    private Path folder;

    private final QemuOracle qemu = QemuOracle.assumePresent();

    /** All that qemu-img accepts; it aborts where the stripes of a key of 24 bytes end within a sector. */
    static Stream<String> combinations() {
        List<String> all = new ArrayList<>();
        for (CipherAlgorithm algorithm : CipherAlgorithm.values()) {
            for (CipherMode mode : CipherMode.values()) {
                for (IvGenerator generator : IvGenerator.values()) {
                    boolean odd = algorithm.keyLength() == 24 && mode != CipherMode.XTS;
                    boolean short1 = algorithm == CipherAlgorithm.CAST5_128
                            && (mode == CipherMode.XTS || generator == IvGenerator.ESSIV);
                    if (!odd && !short1) {
                        all.add(algorithm.text() + " " + mode.text() + " " + generator.text());
                    }
                }
            }
        }
        return all.stream();
    }

    @ParameterizedTest
    @MethodSource("combinations")
    void everyCombinationIsQemus(String combination) throws IOException {
        String[] words = combination.split(" ");
        exchange("cipher-alg=" + words[0], "cipher-mode=" + words[1], "ivgen-alg=" + words[2]);
    }

    @ParameterizedTest
    @EnumSource
    void everyHashIsQemus(HashAlgorithm hash) throws IOException {
        exchange("hash-alg=" + hash.text(), "cipher-alg=aes-128", "cipher-mode=cbc");
    }

    private void exchange(String... options) throws IOException {
        Path file = folder.resolve("disk.luks");
        Volumes.create(file, SIZE, options);
        try (DiskImage image = Volumes.images().open(file, Volumes.open().withWritable(true))) {
            byte[] content = new byte[SIZE];
            Arrays.fill(content, (byte) 0x5a);
            image.write(ByteBuffer.wrap(content), 0);
        }
        qemu.io(
                        "--object",
                        "secret,id=s,data=" + Volumes.PASSPHRASE,
                        "--image-opts",
                        "-c",
                        "read -P 0x5a 0 128k",
                        "-c",
                        "write -P 0x77 33k 70k",
                        "driver=luks,file.filename=" + file + ",key-secret=s")
                .expectExit(0);
        byte[] expected = new byte[SIZE];
        Arrays.fill(expected, (byte) 0x5a);
        Arrays.fill(expected, 33 << 10, 103 << 10, (byte) 0x77);
        try (DiskImage image = Volumes.images().open(file, Volumes.open())) {
            assertThat(Volumes.content(image)).isEqualTo(expected);
        }
    }

    /** What cryptsetup can decrypt by itself; for ECB, and for XTS with keys of 192 bits, it asks the kernel. */
    static Stream<String> aes() {
        return combinations()
                .filter(each -> each.startsWith("aes") && !each.contains(" ecb ") && !each.startsWith("aes-192"));
    }

    @ParameterizedTest
    @MethodSource("aes")
    void cryptsetupOpensWhatIsAes(String combination) throws IOException {
        CryptsetupOracle cryptsetup = CryptsetupOracle.assumePresent();
        String[] words = combination.split(" ");
        Path file = folder.resolve("disk.luks");
        Volumes.create(file, SIZE, "cipher-alg=" + words[0], "cipher-mode=" + words[1], "ivgen-alg=" + words[2]);
        assertThat(cryptsetup.luksDump(file))
                .contains("Cipher name:   \taes\n", "Cipher mode:   \t" + words[1] + "-" + words[2])
                .contains("Key Slot 0: ENABLED", "Key Slot 7: DISABLED");
        assertThat(cryptsetup.opens(file, Volumes.PASSPHRASE)).isTrue();
        assertThat(cryptsetup.opens(file, "falsch")).isFalse();
    }

    /** The key material that qemu-img 10 aborts at. */
    @ParameterizedTest
    @EnumSource(
            value = CipherMode.class,
            names = {"CBC", "CTR"})
    void cryptsetupOpensAes192(CipherMode mode) throws IOException {
        CryptsetupOracle cryptsetup = CryptsetupOracle.assumePresent();
        Path file = folder.resolve("disk.luks");
        Volumes.create(file, SIZE, "cipher-alg=aes-192", "cipher-mode=" + mode.text());
        assertThat(cryptsetup.opens(file, Volumes.PASSPHRASE)).isTrue();
    }

    @ParameterizedTest
    @MethodSource("combinations")
    void everyHeaderIsOneToCryptsetup(String combination) throws IOException {
        CryptsetupOracle cryptsetup = CryptsetupOracle.assumePresent();
        String[] words = combination.split(" ");
        Path file = folder.resolve("disk.luks");
        Volumes.create(file, SIZE, "cipher-alg=" + words[0], "cipher-mode=" + words[1], "ivgen-alg=" + words[2]);
        assertThat(cryptsetup.luksDump(file)).contains("Version:       \t1\n");
    }

    @Test
    void aVolumeWrittenForwardsIsReadByQemu() throws IOException {
        Path file = folder.resolve("disk.luks");
        try (ImageWriter writer = Volumes.format(2)
                .createWriter(FileStorage.create(file), Volumes.request(3 << 20))
                .orElseThrow()) {
            byte[] data = new byte[1 << 20];
            Arrays.fill(data, (byte) 9);
            writer.data(1 << 20, ByteBuffer.wrap(data)).write();
            assertThat(Files.readAllBytes(file)).as("no image yet").startsWith(0, 0, 0, 0);
            writer.finish();
        }
        qemu.io(
                        "--object",
                        "secret,id=s,data=" + Volumes.PASSPHRASE,
                        "--image-opts",
                        "-c",
                        "read -P 0 0 1M",
                        "-c",
                        "read -P 9 1M 1M",
                        "-c",
                        "read -P 0 2M 1M",
                        "driver=luks,file.filename=" + file + ",key-secret=s")
                .expectExit(0);
    }
}
