package io.jimg.testkit;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Assumptions;

/**
 * A real program that decides what is right. Without it the calling test is skipped, with a line on standard error, or
 * fails where the environment says {@code CI=true}. Safe for many threads.
 *
 * @param program where it lies
 */
public record Tool(Path program) {
    private static final Duration TIMEOUT = Duration.ofMinutes(2);

    /**
     * The program of that name on the search path or among the system's own.
     *
     * @param debianPackage what to install where it is missing
     */
    public static Tool require(String name, String debianPackage) {
        return find(name).orElseGet(() -> missing(name + " is missing (Debian's package is " + debianPackage + ")"));
    }

    /** The same, where it is there. */
    public static Optional<Tool> find(String name) {
        String path = System.getenv("PATH");
        return Stream.concat(
                        Stream.of((path == null ? "" : path).split(File.pathSeparator)),
                        Stream.of("/usr/sbin", "/sbin"))
                .filter(folder -> !folder.isEmpty())
                .map(folder -> Path.of(folder, name))
                .filter(Files::isExecutable)
                .findFirst()
                .map(Tool::new);
    }

    /**
     * Ends the calling test, because something that it compares with is not there.
     *
     * @return nothing ever; a value for the caller's own return statement
     */
    public static <T> T missing(String what) {
        if ("true".equals(System.getenv("CI"))) {
            return Assertions.fail(what + ", and CI=true demands that nothing is skipped");
        }
        System.err.println("jimg: " + what + ": tests against it are SKIPPED");
        return Assumptions.abort(what);
    }

    /** Runs it to its end, at most two minutes, in the JVM's working directory. */
    public Result run(Object... arguments) {
        return runIn(null, arguments);
    }

    /**
     * Runs it to its end, at most two minutes, without anything on its standard input.
     *
     * @param workingDirectory null for the JVM's own
     * @param arguments strings, paths, numbers: whatever prints as it should
     */
    public Result runIn(@Nullable Path workingDirectory, Object... arguments) {
        List<String> command = new ArrayList<>();
        command.add(program.toString());
        for (Object argument : arguments) {
            command.add(argument.toString());
        }
        try {
            return run(workingDirectory, command);
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        } catch (InterruptedException interrupt) {
            Thread.currentThread().interrupt();
            throw new AssertionError("interrupted while running " + command, interrupt);
        }
    }

    private static Result run(@Nullable Path workingDirectory, List<String> command)
            throws IOException, InterruptedException {
        Path stdout = Files.createTempFile("tool", ".out");
        Path stderr = Files.createTempFile("tool", ".err");
        try {
            ProcessBuilder builder = new ProcessBuilder(command)
                    .redirectInput(ProcessBuilder.Redirect.from(new File("/dev/null")))
                    .redirectOutput(stdout.toFile())
                    .redirectError(stderr.toFile());
            builder.environment().put("LC_ALL", "C");
            if (workingDirectory != null) {
                builder.directory(workingDirectory.toFile());
            }
            Process process = builder.start();
            if (!process.waitFor(TIMEOUT.toSeconds(), TimeUnit.SECONDS)) {
                process.destroyForcibly().waitFor();
                throw new AssertionError("does not end within " + TIMEOUT.toSeconds() + " seconds: " + command);
            }
            return new Result(command, process.exitValue(), text(stdout), text(stderr));
        } finally {
            Files.delete(stdout);
            Files.delete(stderr);
        }
    }

    private static String text(Path file) throws IOException {
        return new String(Files.readAllBytes(file), StandardCharsets.UTF_8);
    }

    /**
     * What a program did.
     *
     * @param command the words that were run
     * @param exitCode its exit code
     * @param stdout its standard output
     * @param stderr its standard error
     */
    public record Result(List<String> command, int exitCode, String stdout, String stderr) {

        /** This result, if the exit code is the one expected; otherwise the test fails and shows everything. */
        public Result expectExit(int expected) {
            if (exitCode != expected) {
                throw new AssertionError("exit code " + exitCode + " instead of " + expected + "\n" + this);
            }
            return this;
        }

        @Override
        public String toString() {
            return String.join(" ", command) + "\nexit code " + exitCode + "\n" + stdout + stderr;
        }
    }
}
