package io.jimg.vmdk.use;

import static org.assertj.core.api.Assertions.assertThat;

import io.jimg.DiskImage;
import io.jimg.Extent;
import io.jimg.capability.Checkable;
import io.jimg.spi.CreateRequest;
import io.jimg.spi.ImageWriter;
import io.jimg.storage.MemoryStorage;
import io.jimg.testkit.KeptStorage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Images whose bytes were changed at random are read or refused: nothing else ever comes out than an IOException, and
 * nothing takes long.
 */
class HostileTest {
    private static final int SIZE = 1_000_000 / 512 * 512;
    private static final int TRIES = Integer.getInteger("jimg.hostile.tries", 400);

    private static byte[] image(String options) throws IOException {
        MemoryStorage file = new MemoryStorage("disk.vmdk");
        CreateRequest request = new InMemory(true, null).request(SIZE, options);
        try (ImageWriter writer =
                InMemory.format().createWriter(new KeptStorage(file), request).orElseThrow()) {
            writer.data(0, ByteBuffer.wrap(Disks.content(SIZE / 65536 * 65536, 3)))
                    .write();
            writer.finish();
        }
        ByteBuffer all = ByteBuffer.allocate((int) file.size());
        file.read(all, 0);
        return all.array();
    }

    @ParameterizedTest
    @ValueSource(strings = {"subformat=monolithicSparse", "zeroed_grain=on", "subformat=streamOptimized"})
    void readsOrRefuses(String options) throws IOException {
        byte[] sound = image(options);
        Random random = new Random(17);
        int opened = 0;
        for (int i = 0; i < TRIES; i++) {
            byte[] bytes = sound.clone();
            boolean end = options.contains("stream") && random.nextBoolean();
            int start = end ? Math.max(0, bytes.length - 8192) : 0;
            int range = end ? bytes.length - start : random.nextBoolean() ? 80 : 24 << 9;
            for (int n = random.nextInt(4); n >= 0; n--) {
                int at = start + random.nextInt(range);
                bytes[at] = random.nextInt(3) == 0 ? (byte) 0xFF : (byte) random.nextInt();
            }
            if (tryIt(bytes)) {
                opened++;
            }
        }
        assertThat(opened).as("images that could be read").isPositive();
    }

    private static boolean tryIt(byte[] bytes) throws IOException {
        MemoryStorage file = new MemoryStorage("disk.vmdk");
        file.write(ByteBuffer.wrap(bytes), 0);
        try (DiskImage image = new InMemory(false, null).open(new KeptStorage(file))) {
            ByteBuffer piece = ByteBuffer.allocate(1 << 16);
            for (long at = 0; at < Math.min(image.size(), 2 << 20); at += piece.capacity()) {
                piece.clear().limit((int) Math.min(piece.capacity(), image.size() - at));
                image.read(piece, at);
                Extent extent = image.extentAt(at, image.size() - at);
                assertThat(extent.length()).isPositive();
            }
            image.capability(Checkable.class).orElseThrow().check().run();
            return true;
        } catch (IOException refused) {
            assertThat(refused.getMessage()).isNotEmpty();
            return false;
        }
    }
}
