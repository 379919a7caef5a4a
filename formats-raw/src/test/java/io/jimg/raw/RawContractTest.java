package io.jimg.raw;

import static org.assertj.core.api.Assertions.assertThat;

import io.jimg.BlockDevice;
import io.jimg.CacheMode;
import io.jimg.Images;
import io.jimg.OpenOptions;
import io.jimg.spi.DottedOptions;
import io.jimg.testkit.BlockDeviceContract;
import io.jimg.testkit.LeakDetector;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.io.TempDir;

class RawContractTest {
    private static final OpenOptions RAW = OpenOptions.DEFAULT.withFormat("raw");

    @Nested
    class WholeFile extends OnFile {
        @Override
        OpenOptions options(int size) {
            return RAW;
        }
    }

    /** Without the host's page cache: the base pads requests to the alignment that the disk wants. */
    @Nested
    class Direct extends OnFile {
        @Override
        OpenOptions options(int size) {
            return RAW.withCache(CacheMode.NONE);
        }
    }

    @Nested
    class WriteThrough extends OnFile {
        @Override
        OpenOptions options(int size) {
            return RAW.withCache(CacheMode.WRITETHROUGH);
        }
    }

    /** The format is found by content: the first sector is watched. */
    @Nested
    class Probed extends OnFile {
        @Override
        OpenOptions options(int size) {
            return OpenOptions.DEFAULT;
        }
    }

    @Nested
    class Window extends OnFile {
        private static final int START = 1 << 16 | 512;

        @Override
        OpenOptions options(int size) {
            return RAW.withDriverOptions(
                    DottedOptions.EMPTY.with("offset", Integer.toString(START)).with("size", Integer.toString(size)));
        }

        @Override
        byte[] fileOf(byte[] content) {
            byte[] file = new byte[START + content.length + 700];
            Arrays.fill(file, (byte) 0x55);
            System.arraycopy(content, 0, file, START, content.length);
            return file;
        }

        @AfterEach
        void nothingAroundTheWindowChanged() throws IOException {
            if (Files.exists(file())) {
                byte[] all = Files.readAllBytes(file());
                assertThat(Arrays.copyOf(all, START)).containsOnly(0x55);
                assertThat(Arrays.copyOfRange(all, START + size(), START + size() + 700))
                        .containsOnly(0x55);
            }
        }
    }

    abstract static class OnFile extends BlockDeviceContract {
        @TempDir
        private Path folder;

        abstract OpenOptions options(int size);

        byte[] fileOf(byte[] content) {
            return content;
        }

        Path file() {
            return folder.resolve("disk.raw");
        }

        @Override
        protected BlockDevice make(byte[] content, boolean readOnly) throws IOException {
            Files.write(file(), fileOf(content));
            return Images.standard().open(file(), options(content.length).withWritable(!readOnly));
        }

        @AfterEach
        void nothingStaysOpen() throws IOException {
            closeDevices();
            LeakDetector.assertNoOpenFiles(folder);
        }
    }
}
