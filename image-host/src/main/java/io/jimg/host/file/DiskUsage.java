package io.jimg.host.file;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.OptionalLong;
import java.util.StringTokenizer;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * How much of a disk a file takes, where {@link HostFile} is not there to tell: by the host's program {@code stat},
 * which runs beside the caller and takes some 20 ms. Who starts a JVM for one file may run it sooner, and say in the
 * system property {@code jimg.stat} what it answered. Safe for use by several threads.
 */
public final class DiskUsage {
    private final CompletableFuture<OptionalLong> answer = new CompletableFuture<>();

    /**
     * What {@code stat -L -c '(dev=%D,ino=%i):%b:%B'} answered for a file: which one it is, in the words of its file
     * key, its blocks and their size in bytes.
     */
    private static final String TOLD_PROPERTY = "jimg.stat";

    private DiskUsage() {}

    /**
     * Asks for a file's blocks, without waiting for the answer.
     *
     * @param file the file; symbolic links are followed
     * @param fileKey which file it is, as {@link java.nio.file.attribute.BasicFileAttributes#fileKey()} has it; null
     *     where files have none
     */
    public static DiskUsage ask(Path file, @Nullable Object fileKey) {
        DiskUsage asked = new DiskUsage();
        String told = System.getProperty(TOLD_PROPERTY, "");
        if (fileKey != null && told.startsWith(fileKey + ":")) {
            asked.answer.complete(parse(told.substring(told.indexOf(':'))));
            return asked;
        }
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
     * @return what the file takes of the disk in bytes; nothing where the host has no such program or it does not know
     *     the file
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
            return parse(new String(stat.getInputStream().readAllBytes(), StandardCharsets.ISO_8859_1));
        } catch (IOException otherHost) {
            return OptionalLong.empty();
        }
    }

    private static OptionalLong parse(String answer) {
        try {
            StringTokenizer numbers = new StringTokenizer(answer, ": \n");
            return numbers.countTokens() == 2
                    ? OptionalLong.of(Math.multiplyExact(
                            Long.parseLong(numbers.nextToken()), Long.parseLong(numbers.nextToken())))
                    : OptionalLong.empty();
        } catch (ArithmeticException | NumberFormatException otherProgram) {
            return OptionalLong.empty();
        }
    }
}
