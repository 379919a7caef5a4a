package io.jimg.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.jimg.cli.serve.QemuNbd;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** {@code jimg serve} in a process of its own, from the line that it listens to its end. */
final class ServerProcess implements AutoCloseable {
    private static final long PATIENCE_SECONDS = 60;

    private final Process process;
    private final Path errors;
    private final List<String> addresses;

    private ServerProcess(Process process, Path errors, List<String> addresses) {
        this.process = process;
        this.errors = errors;
        this.addresses = addresses;
    }

    /**
     * Starts it and waits until it has said where it listens.
     *
     * @param folder for what it complains
     * @param exports lines to wait for
     */
    static ServerProcess start(Path folder, int exports, Object... words) throws IOException {
        Path errors = Files.createTempFile(folder, "serve", ".err");
        return await(MainProcess.builder(errors, words), errors, exports);
    }

    /** Starts {@code qemu-nbd} as its script does for {@code --fork}, and waits until it says that it listens. */
    static ServerProcess qemuNbd(Path folder, Object... words) throws IOException {
        Path errors = Files.createTempFile(folder, "qemu-nbd", ".err");
        Object[] all = new Object[words.length + 1];
        all[0] = "--fork";
        System.arraycopy(words, 0, all, 1, words.length);
        return await(MainProcess.builder(errors, List.of("-Djimg.fork=true"), QemuNbd.class, all), errors, 1);
    }

    private static ServerProcess await(ProcessBuilder program, Path errors, int exports) throws IOException {
        Process process = program.start();
        List<String> addresses = new ArrayList<>();
        BufferedReader lines =
                new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
        while (addresses.size() < exports) {
            String line = lines.readLine();
            if (line == null) {
                process.destroyForcibly();
                throw new AssertionError("it does not listen: " + Files.readString(errors));
            }
            addresses.add(line);
        }
        return new ServerProcess(process, errors, addresses);
    }

    /** The first export's. */
    String address() {
        return addresses.get(0);
    }

    List<String> addresses() {
        return addresses;
    }

    long pid() {
        return process.pid();
    }

    /** Sends SIGTERM. */
    void terminate() {
        process.destroy();
    }

    /** Sends SIGKILL, and waits. */
    void kill() {
        process.destroyForcibly();
        await();
    }

    /** Waits for its end, which must be a good one, and returns what it complained. */
    String expectGoodEnd() throws IOException {
        await();
        String complaints = Files.readString(errors);
        assertThat(process.exitValue()).as("%s", complaints).isZero();
        return complaints;
    }

    private void await() {
        try {
            if (!process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
                throw new AssertionError("the server does not end");
            }
        } catch (InterruptedException interrupt) {
            Thread.currentThread().interrupt();
            throw new AssertionError(interrupt);
        }
    }

    @Override
    public void close() {
        process.destroyForcibly();
    }
}
