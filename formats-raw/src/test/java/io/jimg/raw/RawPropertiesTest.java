package io.jimg.raw;

import static org.assertj.core.api.Assertions.assertThat;

import io.jimg.BlockDevice;
import io.jimg.CacheMode;
import io.jimg.Images;
import io.jimg.OpenOptions;
import io.jimg.testkit.DeviceProperties;
import io.jimg.testkit.Specimen;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;

/** Raw images against an array of bytes; the file must hold the same bytes. */
class RawPropertiesTest extends DeviceProperties<CacheMode> {
    private static final int SIZE = (1 << 20) + 1536;

    @Override
    protected Arbitrary<CacheMode> configurations() {
        return Arbitraries.of(CacheMode.WRITEBACK, CacheMode.NONE, CacheMode.UNSAFE);
    }

    @Override
    protected Specimen prepare(CacheMode cache) throws IOException {
        Path file = Files.createTempFile("properties", ".raw");
        byte[] initial = new byte[SIZE];
        // The file ends in the middle of the disk's last sector.
        Arrays.fill(initial, 100_000, SIZE - 100, (byte) 3);
        Files.write(file, Arrays.copyOf(initial, SIZE - 100));
        return new Specimen() {
            @Override
            public byte[] initialContent() {
                return initial;
            }

            @Override
            public BlockDevice open() throws IOException {
                return Images.standard()
                        .open(
                                file,
                                OpenOptions.DEFAULT
                                        .withFormat("raw")
                                        .withWritable(true)
                                        .withCache(cache));
            }

            @Override
            public void verifyClosed(byte[] expected) throws IOException {
                byte[] content = Files.readAllBytes(file);
                assertThat(content.length).isBetween(SIZE - 100, SIZE);
                assertThat(Arrays.mismatch(Arrays.copyOf(content, SIZE), expected))
                        .isNegative();
            }

            @Override
            public void close() throws IOException {
                Files.delete(file);
            }
        };
    }
}
