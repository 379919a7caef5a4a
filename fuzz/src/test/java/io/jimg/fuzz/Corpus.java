package io.jimg.fuzz;

import io.jimg.testdata.GoldenImages;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;

/**
 * The inputs that are kept of a target: {@code fuzz/TARGET.txt} of the golden data, a line of Base64 each, and lines of
 * words that begin with a {@code #}.
 */
final class Corpus {
    private Corpus() {}

    /** All of them. */
    static List<byte[]> of(Class<?> target) {
        return GoldenImages.lines("fuzz/" + target.getSimpleName() + ".txt").stream()
                .filter(line -> !line.startsWith("#") && !line.isBlank())
                .map(line -> Base64.getDecoder().decode(line))
                .toList();
    }

    /** Writes them into a folder, a file each. */
    static void copyTo(Class<?> target, Path folder) throws IOException {
        Files.createDirectories(folder);
        int number = 0;
        for (byte[] input : of(target)) {
            Files.write(folder.resolve("seed-" + number++), input);
        }
    }
}
