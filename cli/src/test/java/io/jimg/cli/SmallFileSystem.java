package io.jimg.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Assumptions;

/**
 * A real file system of few bytes, a tmpfs, which only root may mount. Without it a test is skipped with a line on
 * standard error, or fails where the environment says {@code CI=true}.
 */
final class SmallFileSystem implements AutoCloseable {
    private final Path folder;

    private SmallFileSystem(Path folder) {
        this.folder = folder;
    }

    /**
     * Mounts one.
     *
     * @param folder where; it must be empty
     * @param kibibytes its size
     */
    static SmallFileSystem mount(Path folder, int kibibytes) throws IOException {
        if (run("mount", "-t", "tmpfs", "-o", "size=" + kibibytes + "k", "tmpfs", folder.toString()) != 0) {
            System.err.println(
                    "jimg: no file system could be mounted, which takes root: tests of a full disk are SKIPPED");
            assertThat(System.getenv("CI"))
                    .as("CI demands that nothing is skipped")
                    .isNotEqualTo("true");
            Assumptions.abort("no file system could be mounted");
        }
        return new SmallFileSystem(folder);
    }

    /** Where it is mounted. */
    Path folder() {
        return folder;
    }

    @Override
    public void close() throws IOException {
        assertThat(run("umount", folder.toString()))
                .as("umount, which fails while a file is open")
                .isZero();
    }

    private static int run(String... command) throws IOException {
        List<String> words = new ArrayList<>(Arrays.asList(command));
        Process process = new ProcessBuilder(words)
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start();
        try {
            return process.waitFor();
        } catch (InterruptedException interrupt) {
            Thread.currentThread().interrupt();
            throw new AssertionError("interrupted during " + words, interrupt);
        }
    }
}
