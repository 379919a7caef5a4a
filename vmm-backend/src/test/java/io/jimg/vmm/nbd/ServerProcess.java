package io.jimg.vmm.nbd;

import io.jimg.DiskImage;
import io.jimg.Images;
import io.jimg.OpenOptions;
import io.jimg.nbd.NbdAddress;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CountDownLatch;

/**
 * A server in a process of its own, which ends in an orderly way when it is asked to, and otherwise when it is killed.
 */
final class ServerProcess {
    private ServerProcess() {}

    /** Starts it, and waits until it serves. */
    static Process start(Path image, Path socket, Path errors) throws IOException {
        Process process = new ProcessBuilder(
                        ProcessHandle.current().info().command().orElseThrow(),
                        "-XX:+UseSerialGC",
                        "-Xmx256m",
                        "-cp",
                        System.getProperty("java.class.path"),
                        ServerProcess.class.getName(),
                        image.toString(),
                        socket.toString())
                .redirectError(errors.toFile())
                .start();
        if (process.getInputStream().read() != '!') {
            throw new IOException("the server does not serve; see " + errors);
        }
        return process;
    }

    /** Serves an image at a socket. */
    public static void main(String[] words) throws Exception {
        DiskImage image = Images.standard().open(Path.of(words[0]), OpenOptions.DEFAULT.withWritable(true));
        NbdServer server = NbdServer.start(
                new NbdAddress.Unix(words[1]), List.of(NbdExport.of("", image)), NbdServerLimits.DEFAULT);
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            try (image) {
                server.close();
            } catch (IOException failed) {
                throw new IllegalStateException(failed);
            }
        }));
        System.out.print('!');
        System.out.flush();
        new CountDownLatch(1).await();
    }
}
