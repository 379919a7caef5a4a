package io.jimg.luks;

import static org.assertj.core.api.Assertions.assertThat;

import io.jimg.BlockDevice;
import io.jimg.DiskImage;
import io.jimg.testkit.DeviceProperties;
import io.jimg.testkit.Specimen;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;

/** Random use of volumes of several ciphers against an array of bytes. */
class LuksPropertiesTest extends DeviceProperties<String> {
    private static final int SIZE = (1 << 20) + 512 * 3;

    @Override
    protected Arbitrary<String> configurations() {
        return Arbitraries.of(
                "cipher-mode=xts", "cipher-mode=cbc", "cipher-mode=ctr", "cipher-mode=ecb", "cipher-alg=twofish-256");
    }

    @Override
    protected Specimen prepare(String option) throws IOException {
        Path file = Files.createTempFile("properties", ".luks");
        byte[] initial = new byte[SIZE];
        new Random(3).nextBytes(initial);
        Volumes.create(file, SIZE, option);
        try (DiskImage image = Volumes.images().open(file, Volumes.open().withWritable(true))) {
            image.write(ByteBuffer.wrap(initial), 0);
        }
        return new Specimen() {
            @Override
            public byte[] initialContent() {
                return initial;
            }

            @Override
            public BlockDevice open() throws IOException {
                return Volumes.images().open(file, Volumes.open().withWritable(true));
            }

            @Override
            public void verifyClosed(byte[] expected) throws IOException {
                try (DiskImage image = Volumes.images().open(file, Volumes.open())) {
                    assertThat(Arrays.mismatch(Volumes.content(image), expected))
                            .isNegative();
                }
            }

            @Override
            public void close() throws IOException {
                Files.delete(file);
            }
        };
    }
}
