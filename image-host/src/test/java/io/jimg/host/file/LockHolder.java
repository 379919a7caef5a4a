package io.jimg.host.file;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;

/** Another process that locks bytes of a file, and tries to. */
final class LockHolder implements AutoCloseable {
    private final Process process;
    private final BufferedReader answers;

    private LockHolder(Process process) {
        this.process = process;
        this.answers = process.inputReader();
    }

    static LockHolder start(Path file) throws IOException {
        String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
        String classes = Path.of(LockHolder.class
                        .getProtectionDomain()
                        .getCodeSource()
                        .getLocation()
                        .getPath())
                .toString();
        return new LockHolder(new ProcessBuilder(
                        List.of(java, "-Xshare:auto", "-cp", classes, LockHolder.class.getName(), file.toString()))
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start());
    }

    /** {@return whether the other process could lock a byte, which it keeps locked} */
    boolean locks(long offset, boolean shared) throws IOException {
        return ask((shared ? "shared " : "exclusive ") + offset);
    }

    /** {@return whether the other process could lock a byte exclusively, for a moment} */
    boolean sees(long offset) throws IOException {
        return !ask("try " + offset);
    }

    private boolean ask(String question) throws IOException {
        process.outputWriter().write(question + "\n");
        process.outputWriter().flush();
        String answer = answers.readLine();
        if (answer == null) {
            throw new IOException("the other process has ended");
        }
        return Boolean.parseBoolean(answer);
    }

    @Override
    public void close() throws IOException {
        process.outputWriter().close();
        try {
            process.waitFor();
        } catch (InterruptedException interrupted) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
    }

    public static void main(String[] arguments) throws IOException {
        var questions = new BufferedReader(new InputStreamReader(System.in));
        try (var channel = FileChannel.open(Path.of(arguments[0]), StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            for (String line = questions.readLine(); line != null; line = questions.readLine()) {
                String[] words = line.split(" ");
                var lock = channel.tryLock(Long.parseLong(words[1]), 1, words[0].equals("shared"));
                if (lock != null && words[0].equals("try")) {
                    lock.release();
                }
                System.out.println(lock != null);
            }
        }
    }
}
