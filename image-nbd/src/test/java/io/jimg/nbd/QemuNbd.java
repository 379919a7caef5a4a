package io.jimg.nbd;

import io.jimg.testkit.QemuOracle;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** The real qemu-nbd, serving a file on a Unix socket until it is closed. */
final class QemuNbd implements AutoCloseable {
    private final Process process;
    private final Path socket;
    private final Path log;

    private QemuNbd(Process process, Path socket, Path log) {
        this.process = process;
        this.socket = socket;
        this.log = log;
    }

    /**
     * Starts it and waits until it listens.
     *
     * @param folder for its socket
     * @param arguments the image among them
     */
    static QemuNbd start(Path folder, String name, Object... arguments) throws IOException {
        Path program = QemuOracle.assumeVersion(10).folder().resolve("qemu-nbd");
        Path socket = folder.resolve(name + ".sock");
        Path running = folder.resolve(name + ".pid");
        Path log = folder.resolve(name + ".log");
        Files.deleteIfExists(running);
        List<String> command = new ArrayList<>(
                List.of(program.toString(), "-t", "-e", "16", "-k", socket.toString(), "--pid-file=" + running));
        for (Object argument : arguments) {
            command.add(argument.toString());
        }
        Process process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
        QemuNbd server = new QemuNbd(process, socket, log);
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
        while (!Files.exists(running)) {
            if (!process.isAlive() || System.nanoTime() > deadline) {
                server.close();
                throw new AssertionError(command + "\n" + Files.readString(log));
            }
            sleep();
        }
        return server;
    }

    private static void sleep() {
        try {
            Thread.sleep(5);
        } catch (InterruptedException interrupt) {
            Thread.currentThread().interrupt();
            throw new AssertionError(interrupt);
        }
    }

    NbdAddress address() {
        return new NbdAddress.Unix(socket.toString());
    }

    String url(String export) {
        return address().url(export);
    }

    /** Ends it as a crash does. */
    void kill() {
        process.destroyForcibly();
        awaitEnd();
    }

    private void awaitEnd() {
        try {
            if (!process.waitFor(30, TimeUnit.SECONDS)) {
                throw new AssertionError("qemu-nbd does not end; it wrote to " + log);
            }
        } catch (InterruptedException interrupt) {
            Thread.currentThread().interrupt();
            throw new AssertionError(interrupt);
        }
    }

    @Override
    public void close() {
        process.destroy();
        awaitEnd();
    }
}
