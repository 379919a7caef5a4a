package io.jimg.nbd;

import io.jimg.BlockDevice;
import io.jimg.Images;
import io.jimg.OpenOptions;
import io.jimg.testkit.BlockDeviceContract;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.io.TempDir;

/** A raw disk on an export of the real qemu-nbd. */
class NbdContractTest {
    @Nested
    class OfBytes extends OnServer {
        @Override
        List<Object> server(Path file) {
            return List.of("--image-opts", "driver=raw,file.driver=file,file.filename=" + file);
        }
    }

    /** The server wants whole blocks of 4 KiB: the base pads what the storage would have to. */
    @Nested
    class OfBlocks extends OnServer {
        @Override
        protected int size() {
            return (1 << 20) + 4096;
        }

        @Override
        List<Object> server(Path file) {
            return List.of(
                    "--image-opts",
                    "driver=blkdebug,align=4096,image.driver=raw,image.file.driver=file,image.file.filename=" + file);
        }
    }

    abstract static class OnServer extends BlockDeviceContract {
        @TempDir
        private Path folder;

        private int servers;
        private final List<QemuNbd> running = new ArrayList<>();

        abstract List<Object> server(Path file);

        @Override
        protected BlockDevice make(byte[] content, boolean readOnly) throws IOException {
            Path file = Files.write(folder.resolve("disk" + ++servers + ".raw"), content);
            QemuNbd server = QemuNbd.start(folder, "s" + servers, server(file).toArray());
            running.add(server);
            return Images.standard()
                    .open(server.url(""), OpenOptions.DEFAULT.withFormat("raw").withWritable(!readOnly));
        }

        @AfterEach
        void stop() throws IOException {
            closeDevices();
            running.forEach(QemuNbd::close);
        }
    }
}
