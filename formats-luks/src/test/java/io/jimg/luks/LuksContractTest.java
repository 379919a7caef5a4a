package io.jimg.luks;

import io.jimg.BlockDevice;
import io.jimg.CacheMode;
import io.jimg.DiskImage;
import io.jimg.testkit.BlockDeviceContract;
import io.jimg.testkit.LeakDetector;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.io.TempDir;

class LuksContractTest {
    @Nested
    class Usual extends OnFile {
        @Override
        CacheMode cache() {
            return CacheMode.WRITEBACK;
        }
    }

    @Nested
    class Direct extends OnFile {
        @Override
        CacheMode cache() {
            return CacheMode.NONE;
        }
    }

    abstract static class OnFile extends BlockDeviceContract {
        @TempDir
        private Path folder;

        abstract CacheMode cache();

        @Override
        protected BlockDevice make(byte[] content, boolean readOnly) throws IOException {
            Path file = folder.resolve("disk.luks");
            Volumes.create(file, content.length);
            try (DiskImage image = Volumes.images().open(file, Volumes.open().withWritable(true))) {
                image.write(ByteBuffer.wrap(content), 0);
            }
            return Volumes.images()
                    .open(file, Volumes.open().withWritable(!readOnly).withCache(cache()));
        }

        @AfterEach
        void nothingStaysOpen() throws IOException {
            closeDevices();
            LeakDetector.assertNoOpenFiles(folder);
        }
    }
}
