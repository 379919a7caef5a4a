package io.jimg.vmdk.use;

import static org.assertj.core.api.Assertions.assertThat;

import io.jimg.BlockDevice;
import io.jimg.DiskImage;
import io.jimg.Images;
import io.jimg.OpenOptions;
import io.jimg.ops.Create;
import io.jimg.spi.DottedOptions;
import io.jimg.spi.OpenGate;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;

/** What the tests do with disks in files. */
public final class Disks {
    private Disks() {}

    /** Opens an image that may name files in its own folder. */
    public static DiskImage open(Path file, boolean writable) throws IOException {
        return Images.standard()
                .open(
                        file,
                        OpenOptions.DEFAULT
                                .withFormat("vmdk")
                                .withGate(OpenGate.within(file.toAbsolutePath().getParent()))
                                .withWritable(writable));
    }

    /** A new image to be. */
    public static Create create(Path file, long size, String... options) {
        DottedOptions all = DottedOptions.EMPTY;
        for (String option : options) {
            all = all.with(option.substring(0, option.indexOf('=')), option.substring(option.indexOf('=') + 1));
        }
        return new Create(Images.standard(), file.toString())
                .format("vmdk")
                .size(size)
                .options(all);
    }

    /** All that a device reads as. */
    public static byte[] read(BlockDevice device) throws IOException {
        ByteBuffer all = ByteBuffer.allocate(Math.toIntExact(device.size()));
        device.read(all, 0);
        return all.array();
    }

    /** All that an image reads as. */
    public static byte[] read(Path file) throws IOException {
        try (DiskImage image = open(file, false)) {
            return read(image);
        }
    }

    /** Bytes with zeroes, runs of one byte and noise, in pieces of all sizes; the same for the same seed. */
    public static byte[] content(int length, long seed) {
        Random random = new Random(seed);
        byte[] bytes = new byte[length];
        for (int at = 0; at < length; ) {
            int piece = Math.min(length - at, 1 + random.nextInt(200_000));
            switch (random.nextInt(3)) {
                case 0 -> {}
                case 1 -> java.util.Arrays.fill(bytes, at, at + piece, (byte) (1 + random.nextInt(100)));
                default -> {
                    byte[] noise = new byte[piece];
                    random.nextBytes(noise);
                    System.arraycopy(noise, 0, bytes, at, piece);
                }
            }
            at += piece;
        }
        return bytes;
    }

    /** Demands that two contents are the same, and says where they are not. */
    public static void same(byte[] actual, byte[] expected) {
        assertThat(actual.length).isEqualTo(expected.length);
        assertThat(java.util.Arrays.mismatch(actual, expected))
                .as("first byte that differs")
                .isEqualTo(-1);
    }

    /** Writes a file. */
    public static Path file(Path file, byte[] bytes) throws IOException {
        return Files.write(file, bytes);
    }
}
