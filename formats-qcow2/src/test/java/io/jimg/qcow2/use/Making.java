package io.jimg.qcow2.use;

import io.jimg.CacheMode;
import io.jimg.DiskImage;
import io.jimg.ZeroMode;
import io.jimg.capability.CompressedWrite;
import io.jimg.crypto.LuksEntropy;
import io.jimg.qcow2.Qcow2Format;
import io.jimg.storage.MemoryStorage;
import io.jimg.storage.Storage;
import io.jimg.testkit.KeptStorage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Random;
import org.jspecify.annotations.Nullable;

/** Makes the image that a {@link Configuration} asks for, and what lies beneath and beside it. */
final class Making {
    private static final int NEARLY_FULL = 1_900_000;

    private final Configuration configuration;
    private final long seed;
    private final @Nullable MemoryStorage base;
    private final @Nullable MemoryStorage data;

    /** Makes the files beside the image. */
    Making(Configuration configuration, long seed) throws IOException {
        this.configuration = configuration;
        this.seed = seed;
        this.data = configuration.dataFile() ? new MemoryStorage(Configuration.DATA) : null;
        this.base = configuration.layer() == Configuration.Layer.NONE ? null : makeBase();
    }

    @Nullable
    MemoryStorage base() {
        return base;
    }

    @Nullable
    MemoryStorage data() {
        return data;
    }

    /** What was asked for. */
    Configuration configuration() {
        return configuration;
    }

    /** Makes the image itself in an empty storage, which stays open. */
    void make(Storage file) throws IOException {
        Random random = new Random(seed);
        LuksEntropy entropy = new LuksEntropy(random::nextBytes, (hash, length) -> 0);
        new Qcow2Format(entropy).create(file, configuration.request(data));
        if (configuration.start() != Configuration.Start.EMPTY) {
            try (DiskImage image = open(new KeptStorage(file))) {
                if (configuration.start() == Configuration.Start.NEARLY_FULL) {
                    byte[] bytes = new byte[NEARLY_FULL];
                    new Random(seed).nextBytes(bytes);
                    image.write(ByteBuffer.wrap(bytes), 0);
                } else {
                    fill(image, new Random(seed), configuration.start() == Configuration.Start.COMPRESSED);
                }
            }
        }
    }

    /** Opens the image for writing; it owns the storage. */
    DiskImage open(Storage file) throws IOException {
        return opening(true).open(file);
    }

    Opening opening(boolean writable) throws IOException {
        return new Opening(writable, configuration.openOptions(), CacheMode.WRITEBACK, base, data);
    }

    private MemoryStorage makeBase() throws IOException {
        MemoryStorage storage = new MemoryStorage(Configuration.BASE);
        Configuration plain = new Configuration(
                "cluster_size=4096",
                "",
                configuration.layerSize(),
                Configuration.Layer.NONE,
                false,
                Configuration.Start.MIXED);
        new Making(plain, seed + 1).make(storage);
        return storage;
    }

    private static void fill(DiskImage image, Random random, boolean compressed) throws IOException {
        int cluster = image.clusterSize();
        for (long at = 0; at < image.size(); at += cluster) {
            int length = (int) Math.min(cluster, image.size() - at);
            byte[] bytes = new byte[cluster];
            for (int i = 0; i < length; i++) {
                bytes[i] = (byte) (1 + random.nextInt(3));
            }
            switch (random.nextInt(4)) {
                case 0, 1 -> write(image, bytes, length, at, compressed);
                case 2 -> image.writeZeroes(at, length, ZeroMode.MAY_UNMAP);
                default -> {}
            }
        }
    }

    private static void write(DiskImage image, byte[] bytes, int length, long at, boolean compressed)
            throws IOException {
        if (compressed) {
            CompressedWrite writer = image.capability(CompressedWrite.class).orElseThrow();
            ByteBuffer stream = ByteBuffer.allocate(bytes.length);
            if (writer.compress(ByteBuffer.wrap(bytes), stream)) {
                writer.writeCompressed(at, stream.flip());
                return;
            }
        }
        image.write(ByteBuffer.wrap(bytes, 0, length), at);
    }
}
