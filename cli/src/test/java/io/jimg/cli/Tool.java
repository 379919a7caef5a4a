package io.jimg.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;

/** A program of somebody else's, found on the search path. */
final class Tool {
    private static final long PATIENCE_SECONDS = 60;

    private final Path program;

    private Tool(Path program) {
        this.program = program;
    }

    /** The program; without it the calling test is skipped, or fails under {@code CI=true}. */
    static Tool assume(String name) {
        String path = System.getenv("PATH");
        return Stream.of((path == null ? "" : path).split(File.pathSeparator))
                .map(folder -> Path.of(folder, name))
                .filter(Files::isExecutable)
                .findFirst()
                .map(Tool::new)
                .orElseGet(() -> {
                    System.err.println("jimg: no " + name + ": a test with it is SKIPPED");
                    assertThat(System.getenv("CI"))
                            .as("CI demands that nothing is skipped")
                            .isNotEqualTo("true");
                    return Assumptions.abort("no " + name);
                });
    }

    /** The program's path and words. */
    List<String> command(Object... words) {
        List<String> command = new ArrayList<>(List.of(program.toString()));
        for (Object word : words) {
            command.add(word.toString());
        }
        return command;
    }

    /** What it prints, errors among it, where it ends with an exit code. */
    String run(int exitCode, Object... words) throws IOException {
        Path output = Files.createTempFile("tool", ".out");
        try {
            Process process = new ProcessBuilder(command(words))
                    .redirectInput(new File("/dev/null"))
                    .redirectErrorStream(true)
                    .redirectOutput(output.toFile())
                    .start();
            boolean ended = process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS);
            process.destroyForcibly();
            String text = new String(Files.readAllBytes(output), StandardCharsets.UTF_8);
            assertThat(ended).as("%s ends: %s", command(words), text).isTrue();
            assertThat(process.exitValue()).as("%s: %s", command(words), text).isEqualTo(exitCode);
            return text;
        } catch (InterruptedException interrupt) {
            Thread.currentThread().interrupt();
            throw new AssertionError(interrupt);
        } finally {
            Files.delete(output);
        }
    }
}
