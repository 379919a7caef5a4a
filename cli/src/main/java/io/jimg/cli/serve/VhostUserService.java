package io.jimg.cli.serve;

import io.jimg.BlockDevice;
import io.jimg.spi.DottedOptions;
import io.jimg.vmm.DiskBackend;
import io.jimg.vmm.DiskBackends;
import java.io.IOException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** A disk by vhost-user-blk, from whichever backend has that name. */
public final class VhostUserService {
    private static final String BACKEND = "vhost-user-blk";

    private VhostUserService() {}

    /**
     * Listens from now on.
     *
     * @param queues of the disk
     * @param serial what the guest reads as the disk's serial; null for the backend's
     */
    public static Service start(
            BlockDevice device, String socket, int queues, boolean readOnly, @Nullable String serial)
            throws IOException {
        DiskBackend backend = DiskBackends.named(BACKEND);
        DottedOptions options = DottedOptions.EMPTY
                .with("socket", Path.of(socket).toAbsolutePath().toString())
                .with("num-queues", Integer.toString(queues))
                .with("read-only", readOnly ? "on" : "off");
        if (serial != null) {
            options = options.with("serial", serial);
        }
        return new BackendService(backend.start(device, backend.schema().parse(options)));
    }
}
