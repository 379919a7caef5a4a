package io.jimg.qcow2;

import io.jimg.BlockDevice;
import io.jimg.Images;
import io.jimg.OpenOptions;
import io.jimg.ops.Create;
import io.jimg.spi.DottedOptions;
import io.jimg.spi.OpenGate;
import io.jimg.testkit.BlockDeviceContract;
import io.jimg.testkit.LeakDetector;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.io.TempDir;

/** qcow2 images keep what every device keeps, whatever their clusters are like. */
class Qcow2ContractTest {

    @Nested
    class Standard extends OnFile {
        Standard() {
            super(DottedOptions.EMPTY);
        }
    }

    @Nested
    class SmallClusters extends OnFile {
        SmallClusters() {
            super(DottedOptions.EMPTY.with("cluster_size", "512").with("refcount_bits", "1"));
        }
    }

    @Nested
    class Version2 extends OnFile {
        Version2() {
            super(DottedOptions.EMPTY.with("compat", "0.10").with("cluster_size", "4096"));
        }
    }

    @Nested
    class Subclusters extends OnFile {
        Subclusters() {
            super(DottedOptions.EMPTY.with("extended_l2", "on").with("cluster_size", "16384"));
        }
    }

    @Nested
    class LazyRefcounts extends OnFile {
        LazyRefcounts() {
            super(DottedOptions.EMPTY.with("lazy_refcounts", "on"));
        }
    }

    /** Half of what is read comes from a backing file that ends inside a cluster. */
    @Nested
    class Overlay extends OnFile {
        private static final int BENEATH = 600_000 / 512 * 512;

        Overlay() {
            super(DottedOptions.EMPTY);
        }

        @Override
        protected BlockDevice make(byte[] content, boolean readOnly) throws IOException {
            Path base = folder().resolve("base.qcow2");
            create(base).size(BENEATH).plan().job().run();
            try (BlockDevice beneath = open(base, false)) {
                beneath.write(ByteBuffer.wrap(content, 0, BENEATH), 0);
            }
            create(image())
                    .size(content.length)
                    .backingFile(base.getFileName().toString())
                    .backingFormat("qcow2")
                    .plan()
                    .job()
                    .run();
            try (BlockDevice overlay = open(image(), false)) {
                overlay.write(ByteBuffer.wrap(content, BENEATH, content.length - BENEATH), BENEATH);
            }
            return open(image(), readOnly);
        }
    }

    abstract static class OnFile extends BlockDeviceContract {
        private final DottedOptions options;

        @TempDir
        private Path folder;

        OnFile(DottedOptions options) {
            this.options = options;
        }

        Path folder() {
            return folder;
        }

        Path image() {
            return folder.resolve("disk.qcow2");
        }

        static Create create(Path file) {
            return new Create(Images.standard(), file.toString()).format("qcow2");
        }

        static BlockDevice open(Path file, boolean readOnly) throws IOException {
            return Images.standard()
                    .open(
                            file,
                            OpenOptions.DEFAULT
                                    .withFormat("qcow2")
                                    .withGate(OpenGate.within(
                                            file.toAbsolutePath().getParent()))
                                    .withWritable(!readOnly));
        }

        @Override
        protected BlockDevice make(byte[] content, boolean readOnly) throws IOException {
            create(image()).size(content.length).options(options).plan().job().run();
            try (BlockDevice fresh = open(image(), false)) {
                fresh.write(ByteBuffer.wrap(content), 0);
            }
            return open(image(), readOnly);
        }

        @AfterEach
        void nothingStaysOpen() throws IOException {
            closeDevices();
            LeakDetector.assertNoOpenFiles(folder);
        }
    }
}
