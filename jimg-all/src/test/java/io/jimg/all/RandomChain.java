package io.jimg.all;

import static org.assertj.core.api.Assertions.assertThat;

import io.jimg.DiskImage;
import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.Images;
import io.jimg.OpenOptions;
import io.jimg.ZeroMode;
import io.jimg.capability.BackingLink;
import io.jimg.capability.CompressedWrite;
import io.jimg.ops.Create;
import io.jimg.spi.DottedOptions;
import io.jimg.spi.OpenGate;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.function.UnaryOperator;

/** A chain of images of random formats and sizes with random content, and what each of them reads as. */
final class RandomChain {
    private static final int SECTOR = 512;
    private static final int LARGEST = 400 << 10;
    private static final int WRITES = 8;

    private final Images images;
    private final UnaryOperator<String> place;
    private final Random random;
    private final List<Layer> layers = new ArrayList<>();

    /** One image of the chain; the first is the base. */
    static final class Layer {
        final String name;
        final String format;
        final byte[] content;

        Layer(String name, String format, byte[] content) {
            this.name = name;
            this.format = format;
            this.content = content;
        }
    }

    /**
     * Makes a chain.
     *
     * @param place makes a name of a plain word
     * @param depth how many images there are
     */
    RandomChain(Images images, UnaryOperator<String> place, String word, Random random, int depth, int smallest)
            throws IOException {
        this.images = images;
        this.place = place;
        this.random = random;
        for (int i = 0; i < depth; i++) {
            add(word + i, i == 0 ? null : layers.get(i - 1), smallest);
        }
    }

    Layer layer(int index) {
        return layers.get(index);
    }

    Layer top() {
        return layers.get(layers.size() - 1);
    }

    int depth() {
        return layers.size();
    }

    /** Content of so many bytes: what is there of another, then zeroes. */
    static byte[] resized(byte[] content, int size) {
        return Arrays.copyOf(content, size);
    }

    private void add(String word, Layer backing, int smallest) throws IOException {
        String name = place.apply(word);
        String format = backing == null && random.nextInt(3) == 0 ? "raw" : "qcow2";
        int size = smallest + (random.nextInt(LARGEST) & -SECTOR) + SECTOR;
        Create create = new Create(images, name).format(format).size(size);
        if (format.equals("qcow2")) {
            create.options(options());
        }
        if (backing != null) {
            create.backingFile(backing.name)
                    .backingFormat(backing.format)
                    .backingOptions(OpenOptions.DEFAULT.withGate(OpenGate.ALLOW));
        }
        create.plan().job().run();
        byte[] content = backing == null ? new byte[size] : resized(backing.content, size);
        Layer layer = new Layer(name, format, content);
        layers.add(layer);
        write(layer);
    }

    private DottedOptions options() {
        DottedOptions options = DottedOptions.EMPTY.with("cluster_size", Integer.toString(512 << random.nextInt(8)));
        if (random.nextInt(5) == 0) {
            return options.with("compat", "0.10");
        }
        if (random.nextInt(4) == 0) {
            options = options.with("extended_l2", "on").with("cluster_size", "16k");
        }
        return random.nextInt(4) == 0
                ? options.with("refcount_bits", Integer.toString(8 << random.nextInt(4)))
                : options;
    }

    /** Changes a layer at random; only one that no other stands on keeps the others right. */
    void write(Layer layer) throws IOException {
        try (DiskImage image = open(layer, true)) {
            for (int i = random.nextInt(WRITES); i > 0; i--) {
                int from = random.nextInt(layer.content.length);
                int length = 1 + random.nextInt(Math.min(layer.content.length - from, 1 + random.nextInt(80_000)));
                if (random.nextInt(3) == 0) {
                    image.writeZeroes(
                            from, length, random.nextBoolean() ? ZeroMode.MAY_UNMAP : ZeroMode.KEEP_ALLOCATED);
                    Arrays.fill(layer.content, from, from + length, (byte) 0);
                } else if (random.nextInt(4) != 0 || !compress(image, layer, from)) {
                    byte[] bytes = new byte[length];
                    // Few values, so that images are alike by chance.
                    Arrays.fill(bytes, (byte) random.nextInt(3));
                    image.write(ByteBuffer.wrap(bytes), from);
                    System.arraycopy(bytes, 0, layer.content, from, length);
                }
            }
        }
    }

    private boolean compress(DiskImage image, Layer layer, int near) throws IOException {
        CompressedWrite writer = image.capability(CompressedWrite.class).orElse(null);
        if (writer == null) {
            return false;
        }
        int run = writer.runLength();
        int from = near / run * run;
        byte[] bytes = new byte[run];
        Arrays.fill(bytes, (byte) (1 + random.nextInt(2)));
        ByteBuffer stream = ByteBuffer.allocate(run);
        if (from + run > layer.content.length || !writer.compress(ByteBuffer.wrap(bytes), stream)) {
            return false;
        }
        try {
            writer.writeCompressed(from, stream.flip());
        } catch (ImageException taken) {
            assertThat(taken.kind()).isEqualTo(ErrorKind.IO);
            return false;
        }
        System.arraycopy(bytes, 0, layer.content, from, run);
        return true;
    }

    DiskImage open(Layer layer, boolean writable) throws IOException {
        return open(images, layer, writable);
    }

    static DiskImage open(Images images, Layer layer, boolean writable) throws IOException {
        return images.open(
                layer.name,
                OpenOptions.DEFAULT
                        .withFormat(layer.format)
                        .withWritable(writable)
                        .withGate(OpenGate.ALLOW));
    }

    /** Demands that an image reads as it should. */
    static void verify(Images images, Layer layer, byte[] expected) throws IOException {
        try (DiskImage image = open(images, layer, false)) {
            ByteBuffer bytes = ByteBuffer.allocate((int) image.size());
            image.read(bytes, 0);
            int first = Arrays.mismatch(bytes.array(), expected);
            assertThat(first)
                    .as("%s of %d bytes, expected %d: first difference", layer.name, image.size(), expected.length)
                    .isEqualTo(-1);
        }
    }

    /** The backing file that an image names; null for none. */
    static String backingOf(Images images, Layer layer) throws IOException {
        try (DiskImage image = images.open(
                layer.name, OpenOptions.DEFAULT.withFormat(layer.format).withBacking(false))) {
            return image.capability(BackingLink.class)
                    .map(BackingLink::backingName)
                    .orElse(null);
        }
    }
}
