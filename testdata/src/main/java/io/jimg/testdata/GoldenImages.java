package io.jimg.testdata;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.stream.Stream;
import java.util.zip.GZIPInputStream;

/**
 * The golden images of the manifest, in its order. {@code make-images}, beside this module's sources, makes them and
 * says how the manifest and the transcripts are written. Safe for many threads.
 */
public final class GoldenImages {
    private GoldenImages() {}

    private static final class Manifest {
        static final List<GoldenImage> ROWS = lines("manifest.tsv").stream()
                .filter(line -> !line.startsWith("#"))
                .map(GoldenImage::parse)
                .toList();
    }

    /** Every row: sound, damaged and hostile images. */
    public static List<GoldenImage> all() {
        return Manifest.ROWS;
    }

    /** Rows whose guest content qemu-img reads to the end, so that there is a digest to compare with. */
    public static Stream<GoldenImage> readable() {
        return all().stream().filter(GoldenImage::readable);
    }

    /** Rows that are readable and in which qemu-img's check finds nothing at all. */
    public static Stream<GoldenImage> sound() {
        return readable().filter(image -> image.checkExit() == 0);
    }

    /** Rows whose file qemu-img refuses to open even for {@code info}. */
    public static Stream<GoldenImage> refused() {
        return all().stream().filter(image -> image.infoExit() != 0);
    }

    /**
     * The row of that name.
     *
     * @throws IllegalArgumentException if there is none
     */
    public static GoldenImage named(String name) {
        return all().stream()
                .filter(image -> image.name().equals(name))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("no golden image is named " + name));
    }

    /**
     * A golden file that is in no manifest, unpacked; the caller closes it.
     *
     * @param name its path below this package, without the {@code .gz} that it has there
     * @throws IllegalArgumentException if there is none
     */
    public static InputStream unpacked(String name) throws IOException {
        return new GZIPInputStream(resource(name + ".gz"));
    }

    /** A resource of this package; the caller closes it. */
    static InputStream resource(String name) {
        InputStream stream = GoldenImages.class.getResourceAsStream(name);
        if (stream == null) {
            throw new IllegalArgumentException("no resource is named " + name);
        }
        return stream;
    }

    /**
     * The lines of a golden text, such as a manifest.
     *
     * @param name its path below this package
     * @throws IllegalArgumentException if there is none
     */
    public static List<String> lines(String name) {
        try (BufferedReader reader =
                new BufferedReader(new InputStreamReader(resource(name), StandardCharsets.UTF_8))) {
            return reader.lines().toList();
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }
}
