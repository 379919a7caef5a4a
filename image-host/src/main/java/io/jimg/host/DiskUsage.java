package io.jimg.host;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.OptionalLong;
import java.util.StringTokenizer;
import java.util.concurrent.CompletableFuture;

/**
 * How much of a disk a file takes, where {@link HostFile} is not there to tell: by the host's program {@code stat}, which runs beside the caller and takes
 * about 10 ms. Safe for use by several threads.
 */
public final class DiskUsage {
    private final CompletableFuture<OptionalLong> answer = new CompletableFuture<>();

    private DiskUsage() {}

    /**
     * Asks for a file's blocks, without waiting for the answer.
     *
     * @param file the file; symbolic links are followed
     */
    public static DiskUsage ask(Path file) {
        DiskUsage asked = new DiskUsage();
        Thread asking = new Thread("jimg-stat") {
            @Override
            public void run() {
                try {
                    asked.answer.complete(stat(file));
                } catch (RuntimeException | Error failure) {
                    asked.answer.completeExceptionally(failure);
                }
            }
        };
        asking.setDaemon(true);
        asking.start();
        return asked;
    }

    /**
     * Waits for the answer, whatever interrupts.
     *
     * @return what the file takes of the disk in bytes; nothing where the host has no such program or it does not know the file
     */
    public OptionalLong answer() {
        return answer.join();
    }

    private static OptionalLong stat(Path file) {
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
