package io.jimg.vmdk.use;

import static org.assertj.core.api.Assertions.assertThat;

import io.jimg.DiskImage;
import io.jimg.spi.CreateRequest;
import io.jimg.spi.ImageWriter;
import io.jimg.storage.ForwardingStorage;
import io.jimg.storage.MemoryStorage;
import io.jimg.storage.Storage;
import io.jimg.testkit.KeptStorage;
import io.jimg.testkit.QemuOracle;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Streams of random content, by their own rules: whole grains in the guest's order, written in one pass, each thing
 * with its marker ("Virtual Disk Format 1.1", Stream-Optimized Compressed Sparse Extents). The system property
 * {@code jimg.stream.seeds} sets how many are made; the real tools judge every fifth.
 */
class StreamTest {
    private static final int SEEDS = Integer.getInteger("jimg.stream.seeds", 25);
    private static final int JUDGED_BY_QEMU = 5;
    private static final int SECTOR = 512;
    private static final int GRAIN = 128 * SECTOR;

    @TempDir
    Path folder;

    /** A pipe, as far as a writer can tell: what comes next is written next. */
    private static final class Pipe extends ForwardingStorage {
        private long written;

        Pipe(Storage inner) {
            super(inner);
        }

        @Override
        public void write(ByteBuffer source, long hostOffset) throws IOException {
            assertThat(hostOffset).as("the next byte").isEqualTo(written);
            written += source.remaining();
            super.write(source, hostOffset);
        }

        @Override
        public void truncate(long newSize) {
            throw new AssertionError("a pipe has no length");
        }

        @Override
        public void close() {}
    }

    /** A disk of so many sectors with content in some grains: zeroes, what compresses, and noise that does not. */
    private static byte[] content(Random random) {
        byte[] bytes = new byte[(1 + random.nextInt(40_000)) * SECTOR];
        for (int at = 0; at < bytes.length; at += GRAIN) {
            int length = Math.min(GRAIN, bytes.length - at);
            byte[] noise = new byte[random.nextInt(3) * length / 2];
            random.nextBytes(noise);
            switch (random.nextInt(4)) {
                case 0 -> System.arraycopy(noise, 0, bytes, at, noise.length);
                case 1 -> Arrays.fill(bytes, at, at + length, (byte) random.nextInt());
                default -> {}
            }
        }
        return bytes;
    }

    private static void write(Storage file, byte[] content, String options, Random random) throws IOException {
        CreateRequest request = new InMemory(true, null).request(content.length, options);
        try (ImageWriter writer = InMemory.format().createWriter(file, request).orElseThrow()) {
            assertThat(writer.compressesAlways()).isTrue();
            ByteBuffer room = ByteBuffer.allocateDirect(GRAIN);
            byte[] zeroes = new byte[GRAIN];
            for (int at = 0; at < content.length; at += GRAIN) {
                int length = Math.min(GRAIN, content.length - at);
                ByteBuffer grain = ByteBuffer.wrap(content, at, length);
                if (random.nextBoolean() && Arrays.equals(content, at, at + length, zeroes, 0, length)) {
                    writer.zero(at, length);
                } else if (writer.compress(grain.duplicate(), room.clear())) {
                    writer.compressed(at, room.flip()).write();
                } else {
                    writer.data(at, grain).write();
                }
            }
            writer.finish();
        }
    }

    @Test
    void areWrittenInOnePassAndReadBack() throws IOException {
        for (long seed = 1; seed <= SEEDS; seed++) {
            Random random = new Random(seed);
            byte[] content = content(random);
            MemoryStorage file = new MemoryStorage("disk.vmdk");
            write(
                    new Pipe(file),
                    content,
                    "subformat=streamOptimized" + (random.nextBoolean() ? ",zeroed_grain=on" : ""),
                    random);
            try (DiskImage image = new InMemory(false, null).open(new KeptStorage(file))) {
                Disks.same(Disks.read(image), content);
            }
            ByteBuffer bytes = ByteBuffer.allocate((int) file.size()).order(ByteOrder.LITTLE_ENDIAN);
            file.read(bytes, 0);
            requireMarkers(bytes);
            if (seed % JUDGED_BY_QEMU == 0) {
                Path disk = Disks.file(folder.resolve("disk.vmdk"), bytes.array());
                Path raw = Disks.file(folder.resolve("expected.raw"), content);
                QemuOracle.assumePresent().compareEqual("vmdk", disk, "raw", raw);
            }
        }
    }

    /** Walks the stream: grains in the guest's order, tables that name them, the directory, the footer, the end. */
    private static void requireMarkers(ByteBuffer bytes) {
        Set<Long> grains = new HashSet<>();
        Set<Long> tables = new HashSet<>();
        long directory = 0;
        long lastGrain = -1;
        int at = GRAIN;
        while (true) {
            long value = bytes.getLong(at);
            int size = bytes.getInt(at + 8);
            if (size != 0) {
                assertThat(value).as("the grain's address").isGreaterThan(lastGrain);
                assertThat(value % 128).isZero();
                lastGrain = value;
                grains.add(at / (long) SECTOR);
                at += (12 + size + SECTOR - 1) / SECTOR * SECTOR;
                continue;
            }
            int type = bytes.getInt(at + 12);
            switch (type) {
                case 1 -> {
                    tables.add(at / (long) SECTOR + 1);
                    for (int i = 0; i < 512; i++) {
                        long entry = Integer.toUnsignedLong(bytes.getInt(at + SECTOR + 4 * i));
                        if (entry > 1) {
                            assertThat(grains.remove(entry))
                                    .as("a grain at sector %d", entry)
                                    .isTrue();
                        }
                    }
                    assertThat(grains)
                            .as("grains that their table does not name")
                            .isEmpty();
                }
                case 2 -> {
                    directory = at / (long) SECTOR + 1;
                    for (long i = 0; i < value * SECTOR / 4; i++) {
                        long entry = Integer.toUnsignedLong(bytes.getInt((int) (directory * SECTOR + 4 * i)));
                        assertThat(entry == 0 || tables.remove(entry))
                                .as("a table at %d", entry)
                                .isTrue();
                    }
                    assertThat(tables).isEmpty();
                }
                case 3 -> {
                    assertThat(bytes.getInt(at + SECTOR))
                            .as("the footer's signature")
                            .isEqualTo(0x564D444B);
                    assertThat(bytes.getLong(at + SECTOR + 56))
                            .as("its directory")
                            .isEqualTo(directory);
                }
                default -> {
                    assertThat(type).as("the end of the stream").isZero();
                    assertThat(at + SECTOR).isEqualTo(bytes.capacity());
                    return;
                }
            }
            at += (int) (1 + value) * SECTOR;
        }
    }
}
