package io.jimg.vmm.nbd;

import io.jimg.BlockDevice;
import io.jimg.Images;
import io.jimg.OpenOptions;
import io.jimg.nbd.NbdAddress;
import io.jimg.testkit.BlockDeviceContract;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;

/** A disk behind our server, as our client sees it. */
@Tag("quick")
class ServerContractTest extends BlockDeviceContract {
    @TempDir
    private Path folder;

    private final List<AutoCloseable> running = new ArrayList<>();

    @Override
    protected BlockDevice make(byte[] content, boolean readOnly) throws IOException {
        Path file = Files.write(folder.resolve("disk" + running.size()), content);
        OpenOptions options = OpenOptions.DEFAULT.withFormat("raw").withWritable(!readOnly);
        BlockDevice device = Images.standard().open(file, options);
        NbdServer server = NbdServer.start(
                new NbdAddress.Unix(folder + "/s" + running.size()),
                List.of(NbdExport.of("disk", device)),
                NbdServerLimits.DEFAULT);
        running.add(0, device);
        running.add(0, server);
        return Images.standard().open(server.address().url("disk"), options);
    }

    @AfterEach
    void stop() throws Exception {
        closeDevices();
        for (AutoCloseable each : running) {
            each.close();
        }
    }
}
