package io.jimg.all.faults;

import io.jimg.DiskImage;
import io.jimg.Images;
import io.jimg.OpenOptions;
import io.jimg.Secrets;
import io.jimg.ops.Convert;
import io.jimg.ops.Create;
import io.jimg.spi.DottedOptions;
import io.jimg.spi.OpenGate;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Random;

/** Short ways to images in files that may fail. */
record Scene(Images images) {
    static final int SIZE = 200 << 10;
    private static final Secrets SECRETS = id -> ("word of " + id).getBytes(StandardCharsets.UTF_8);

    /** Options for any file; those that an encrypted image needs are in {@code driverOptions}. */
    static OpenOptions how(String format, String driverOptions) {
        return OpenOptions.DEFAULT
                .withFormat(format)
                .withGate(OpenGate.ALLOW)
                .withSecrets(SECRETS)
                .withDriverOptions(text(driverOptions));
    }

    /** The options {@code a=b;c=d}. */
    static DottedOptions text(String options) {
        DottedOptions text = DottedOptions.EMPTY;
        for (String option : options.isEmpty() ? new String[0] : options.split(";")) {
            int equals = option.indexOf('=');
            text = text.with(option.substring(0, equals), option.substring(equals + 1));
        }
        return text;
    }

    DiskImage read(String name, String format) throws IOException {
        return images.open(name, how(format, ""));
    }

    DiskImage write(String name, String format) throws IOException {
        return write(name, format, "");
    }

    DiskImage write(String name, String format, String driverOptions) throws IOException {
        return images.open(name, how(format, driverOptions).withWritable(true));
    }

    /** A new image to be. */
    Create target(String name, String format, String options) {
        return new Create(images, name)
                .format(format)
                .options(text(options))
                .backingOptions(how(format, "").withDriverOptions(DottedOptions.EMPTY));
    }

    void create(String name, String format, String options) throws IOException {
        target(name, format, options).size(SIZE).plan().job().run();
    }

    void create(String name, String format, String options, String backing, String backingFormat) throws IOException {
        target(name, format, options)
                .size(SIZE)
                .backingFile(backing)
                .backingFormat(backingFormat)
                .plan()
                .job()
                .run();
    }

    /** Makes an image with content. */
    void make(String name, String format, String options, int seed) throws IOException {
        create(name, format, options);
        try (DiskImage image = write(name, format)) {
            fill(image, seed);
        }
    }

    /** Makes an overlay with content. */
    void makeOver(String name, String format, String backing, String backingFormat, int seed) throws IOException {
        create(name, format, format.equals("qcow2") ? "cluster_size=4096" : "", backing, backingFormat);
        try (DiskImage image = write(name, format)) {
            fill(image, seed);
        }
    }

    /** Writes pieces of text, noise and zeroes, and leaves gaps. */
    static void fill(DiskImage image, int seed) throws IOException {
        Random random = new Random(seed);
        for (int at = random.nextInt(9000); at < image.size(); at += random.nextInt(30_000)) {
            int length = (int) Math.min(image.size() - at, 1 + random.nextInt(9000));
            byte[] bytes = new byte[length];
            if (random.nextBoolean()) {
                random.nextBytes(bytes);
            } else {
                java.util.Arrays.fill(bytes, (byte) (1 + seed));
            }
            image.write(ByteBuffer.wrap(bytes), at);
            at += length;
        }
    }

    /** Copies one image into a new one. */
    void convert(String source, String format, String target, String targetFormat, boolean compress, String options)
            throws IOException {
        try (DiskImage image = read(source, format)) {
            new Convert(image)
                    .compress(compress)
                    .toNew(target(target, targetFormat, options))
                    .run();
        }
    }
}
