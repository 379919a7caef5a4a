package io.jimg.fuzz;

import io.jimg.testdata.GoldenImages;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;

/**
 * The inputs that are kept of a target: {@code fuzz/TARGET.txt} of the golden data, a line of Base64 each, and lines of
 * words that begin with a {@code #}.
 */
final class Corpus {
    /** Bytes of the longest input that Jazzer may make. */
    static final int LONGEST = 512;

    private static final int LONG_ONES = 8;
    private static final int SKIPPED = 30;

    private Corpus() {}

    /** All of them. */
    static List<byte[]> of(Class<?> target) {
        return GoldenImages.lines("fuzz/" + target.getSimpleName() + ".txt").stream()
                .filter(line -> !line.startsWith("#") && !line.isBlank())
                .map(line -> Base64.getDecoder().decode(line))
                .toList();
    }

    /**
     * Writes them into a folder, a file each. They are short, and Jazzer tries nothing much longer than the longest
     * that it has: long ones that are made of all are with them.
     */
    static void copyTo(Class<?> target, Path folder) throws IOException {
        Files.createDirectories(folder);
        int number = 0;
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        for (byte[] input : of(target)) {
            Files.write(folder.resolve("seed-" + number++), input);
            all.write(input);
        }
        for (int skipped = 0; skipped < Math.min(LONG_ONES * SKIPPED, all.size()); skipped += SKIPPED) {
            byte[] longOne = Arrays.copyOfRange(all.toByteArray(), skipped, Math.min(skipped + LONGEST, all.size()));
            Files.write(folder.resolve("long-" + skipped), longOne);
        }
    }
}
