package io.jimg.vmm;

import io.jimg.DiskImage;
import io.jimg.Images;
import io.jimg.OpenOptions;
import io.jimg.Options;
import io.jimg.nbd.NbdAddress;
import io.jimg.vmm.nbd.NbdExport;
import io.jimg.vmm.nbd.NbdServer;
import io.jimg.vmm.nbd.NbdServerLimits;
import io.jimg.vmm.vhost.VhostUserBackend;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CountDownLatch;

/** The examples of docs/vmm.md. */
final class ServeExamples {
    private ServeExamples() {}

    static void overNbd(Path file, Path socket, PrintStream out) throws IOException, InterruptedException {
        NbdAddress address = new NbdAddress.Unix(socket.toString()); // or NbdAddress.Inet("127.0.0.1", 10809)
        try (DiskImage image = Images.standard().open(file, OpenOptions.DEFAULT.withWritable(true))) {
            NbdExport export = NbdExport.of("root", image).withDescription("the root disk");
            try (NbdServer server = NbdServer.start(address, List.of(export), NbdServerLimits.DEFAULT)) {
                out.println(server.address().uri("root", false)); // nbd+unix:///root?socket=...
                server.awaitLastClient();
            } // requests in flight are finished, the image is flushed
        }
    }

    static void overVhostUser(Path file, Path socket, CountDownLatch end) throws IOException, InterruptedException {
        Options options = Options.of(VhostUserBackend.SOCKET, socket.toString())
                .with(VhostUserBackend.NUM_QUEUES, 2L)
                .with(VhostUserBackend.SERIAL, "root");
        try (DiskImage image = Images.standard().open(file, OpenOptions.DEFAULT.withWritable(true));
                RunningExport export = DiskBackends.named("vhost-user-blk").start(image, options)) {
            end.await();
        }
    }
}
