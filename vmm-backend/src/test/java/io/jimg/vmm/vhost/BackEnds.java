package io.jimg.vmm.vhost;

import io.jimg.DiskImage;
import io.jimg.Images;
import io.jimg.OpenOptions;
import io.jimg.Options;
import io.jimg.host.ipc.LocalSocket;
import io.jimg.testkit.QemuOracle;
import io.jimg.testkit.Tool;
import io.jimg.vmm.DiskBackends;
import io.jimg.vmm.RunningExport;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Assumptions;

/** Back ends of vhost-user-blk to talk to: ours, and qemu-storage-daemon's. */
final class BackEnds {
    private BackEnds() {}

    /** Skips the calling test where this Java has no back end; with CI=true only an old Java is an excuse. */
    static void assumeOurs() {
        if (!LocalSocket.isAvailable()) {
            Assumptions.assumeTrue(Runtime.version().feature() >= 22, "vhost-user-blk needs Java 22");
            Tool.missing("the host's calls (they need jimg-host's jar, and native access)");
        }
    }

    /** One of them on a raw image. */
    interface BackEnd extends AutoCloseable {
        String socket();

        @Override
        void close() throws Exception;
    }

    /** Ours. */
    record Ours(DiskImage image, RunningExport export) implements BackEnd {
        static Ours start(Path file, Path socket, Options more) throws IOException {
            DiskImage image = Images.standard()
                    .open(file, OpenOptions.DEFAULT.withFormat("raw").withWritable(true));
            Options options = more.with(VhostUserBackend.SOCKET, socket.toString());
            return new Ours(image, DiskBackends.named("vhost-user-blk").start(image, options));
        }

        @Override
        public String socket() {
            return export.address();
        }

        @Override
        public void close() throws IOException {
            export.close();
            image.close();
        }
    }

    /** QEMU's. */
    record Theirs(Process process, String socket) implements BackEnd {
        static Theirs start(Path file, Path socket, String more) throws Exception {
            Path program = QemuOracle.assumeVersion(10).folder().resolve("qemu-storage-daemon");
            Process process = new ProcessBuilder(
                            program.toString(),
                            "--blockdev",
                            "driver=file,node-name=f,filename=" + file,
                            "--blockdev",
                            "driver=raw,node-name=disk,discard=unmap,file=f",
                            "--export",
                            "type=vhost-user-blk,id=e,node-name=disk,addr.type=unix,addr.path=" + socket + more)
                    .inheritIO()
                    .start();
            for (int i = 0; !Files.exists(socket) && process.isAlive() && i < 1000; i++) {
                TimeUnit.MILLISECONDS.sleep(10);
            }
            return new Theirs(process, socket.toString());
        }

        @Override
        public void close() throws Exception {
            process.destroy();
            process.waitFor();
        }
    }
}
