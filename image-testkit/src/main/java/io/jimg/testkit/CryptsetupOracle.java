package io.jimg.testkit;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Assumptions;

/**
 * The real cryptsetup, which decides what is a LUKS header. It needs no kernel for what is asked of it here, as long as
 * the cipher is AES.
 *
 * <p>Without it the calling test is skipped, with a line on standard error, or fails where the environment says
 * {@code CI=true}. Safe for many threads.
 */
public final class CryptsetupOracle {
    private final Path program;

    private CryptsetupOracle(Path program) {
        this.program = program;
    }

    private static final class Found {
        static final Optional<CryptsetupOracle> ORACLE = search().map(CryptsetupOracle::new);

        static {
            if (ORACLE.isEmpty()) {
                System.err.println(
                        "jimg: no cryptsetup: tests against it are SKIPPED (Debian's package is cryptsetup-bin)");
            }
        }
    }

    /** The tool; without it the calling test is skipped, or fails under {@code CI=true}. */
    public static CryptsetupOracle assumePresent() {
        return Found.ORACLE.orElseGet(() -> {
            if ("true".equals(System.getenv("CI"))) {
                return Assertions.fail("cryptsetup is missing, and CI=true demands that nothing is skipped");
            }
            return Assumptions.abort("cryptsetup is missing");
        });
    }

    /** What {@code luksDump} says of a header; the test fails where it takes it for none. */
    public String luksDump(Path header) {
        return run("luksDump", header.toString()).expectExit(0).stdout();
    }

    /** Whether a passphrase opens a volume whose cipher is AES. */
    public boolean opens(Path header, String passphrase) {
        try {
            Path key = Files.createTempFile("passphrase", ".key");
            try {
                Files.writeString(key, passphrase);
                return run(
                                        "open",
                                        "--test-passphrase",
                                        "--type",
                                        "luks1",
                                        "--key-file",
                                        key.toString(),
                                        header.toString())
                                .exitCode()
                        == 0;
            } finally {
                Files.delete(key);
            }
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }

    private QemuOracle.Result run(String... arguments) {
        List<String> command = Stream.concat(Stream.of(program.toString()), Stream.of(arguments))
                .toList();
        try {
            return QemuOracle.runCommand(null, command);
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        } catch (InterruptedException interrupt) {
            Thread.currentThread().interrupt();
            throw new AssertionError("interrupted while running " + command, interrupt);
        }
    }

    private static Optional<Path> search() {
        String path = System.getenv("PATH");
        return Stream.concat(Stream.of((path == null ? "" : path).split(":")), Stream.of("/usr/sbin", "/sbin"))
                .filter(folder -> !folder.isEmpty())
                .map(folder -> Path.of(folder, "cryptsetup"))
                .filter(Files::isExecutable)
                .findFirst();
    }
}
