package io.jimg.host;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.OptionalLong;
import java.util.StringTokenizer;

/** How much of a disk a file takes, where {@link HostFile} is not there to tell: by the host's program {@code stat}. */
public final class DiskUsage {
    private DiskUsage() {}

    /**
     * Asks for a file's blocks. Starts another program, which takes about 10 ms.
     *
     * @param file the file; symbolic links are followed
     * @return what it takes of the disk in bytes; nothing where the host has no such program or it does not know the file
     */
    public static OptionalLong of(Path file) {
        try {
            Process stat = new ProcessBuilder("stat", "-L", "-c", "%b %B", "--", file.toString())
                    .redirectInput(ProcessBuilder.Redirect.PIPE)
                    .redirectError(ProcessBuilder.Redirect.DISCARD)
                    .start();
            // The answer ends with the program, if not before.
            String answer = new String(stat.getInputStream().readAllBytes(), StandardCharsets.ISO_8859_1);
            StringTokenizer numbers = new StringTokenizer(answer);
            return numbers.countTokens() == 2
                    ? OptionalLong.of(Math.multiplyExact(
                            Long.parseLong(numbers.nextToken()), Long.parseLong(numbers.nextToken())))
                    : OptionalLong.empty();
        } catch (IOException | ArithmeticException | NumberFormatException otherHost) {
            return OptionalLong.empty();
        }
    }
}
