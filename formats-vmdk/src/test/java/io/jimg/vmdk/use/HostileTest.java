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
import java.net.URLDecoder;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
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

    private static void use(DiskImage image) throws IOException {
        ByteBuffer piece = ByteBuffer.allocate(1 << 16);
        for (long at = 0; at < Math.min(image.size(), 2 << 20); at += piece.capacity()) {
            piece.clear().limit((int) Math.min(piece.capacity(), image.size() - at));
            image.read(piece, at);
            Extent extent = image.extentAt(at, image.size() - at);
            assertThat(extent.length()).isPositive();
        }
        image.capability(Checkable.class).orElseThrow().check().run();
    }

    private static boolean tryIt(byte[] bytes) throws IOException {
        MemoryStorage file = new MemoryStorage("disk.vmdk");
        file.write(ByteBuffer.wrap(bytes), 0);
        try (DiskImage image = new InMemory(false, null).open(new KeptStorage(file))) {
            use(image);
            return true;
        } catch (IOException refused) {
            assertThat(refused.getMessage()).isNotEmpty();
            return false;
        }
    }

    static List<GoldenDisk> golden() {
        return GoldenDisk.all();
    }

    /** Descriptors, deltas of ESX, streams and children with bytes changed, the files that belong to them whole. */
    @ParameterizedTest
    @MethodSource("golden")
    void readsOrRefusesGoldenDisks(GoldenDisk disk, @TempDir Path folder) throws IOException {
        Path file = disk.copyTo(folder);
        List<Path> files = new ArrayList<>(List.of(file));
        for (String companion : disk.companions()) {
            files.add(folder.resolve(URLDecoder.decode(companion, StandardCharsets.UTF_8)));
        }
        Random random = new Random(disk.name().hashCode());
        for (int i = 0; i < TRIES / 20; i++) {
            Path changed = files.get(random.nextInt(files.size()));
            byte[] sound = Files.readAllBytes(changed);
            byte[] bytes = sound.clone();
            int range = Math.min(bytes.length, random.nextBoolean() ? 2048 : 24 << 9);
            for (int n = random.nextInt(4); n >= 0; n--) {
                bytes[random.nextInt(range)] = random.nextInt(3) == 0 ? (byte) 0xFF : (byte) random.nextInt();
            }
            Files.write(changed, bytes);
            try (DiskImage image = Disks.open(file, false)) {
                use(image);
            } catch (IOException refused) {
                assertThat(refused.getMessage()).isNotEmpty();
            }
            Files.write(changed, sound);
        }
    }
}
