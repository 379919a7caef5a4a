package io.jimg.all;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Random;

/**
 * A raw file with a bit of everything: noise, text, zeroes that were written, holes, and pieces that are aligned to
 * nothing.
 */
final class SampleDisk {
    private SampleDisk() {}

    /** Writes one, the same for the same seed, and returns its path. */
    static Path write(Path file, long size, long seed) throws IOException {
        Random random = new Random(seed);
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            for (long at = 0; at < size; ) {
                int length = (int) Math.min(size - at, 1 + random.nextInt(random.nextInt(4) == 0 ? 2_000_000 : 60_000));
                switch (random.nextInt(4)) {
                    case 0 -> channel.write(noise(random, length), at);
                    case 1 -> channel.write(text(random, length), at);
                    case 2 -> channel.write(ByteBuffer.allocate(length), at);
                    default -> {}
                }
                at += length;
            }
            if (channel.size() < size) {
                channel.write(ByteBuffer.wrap(new byte[] {1}), size - 1);
            }
        }
        return file;
    }

    private static ByteBuffer noise(Random random, int length) {
        byte[] bytes = new byte[length];
        random.nextBytes(bytes);
        return ByteBuffer.wrap(bytes);
    }

    private static ByteBuffer text(Random random, int length) {
        byte[] bytes = new byte[length];
        int period = 1 + random.nextInt(200);
        for (int i = 0; i < length; i++) {
            bytes[i] = (byte) ('a' + i % period % 26);
        }
        return ByteBuffer.wrap(bytes);
    }
}
