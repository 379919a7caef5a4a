package io.jimg.vmdk;

import io.jimg.BlockDevice;
import io.jimg.DiskImage;
import io.jimg.Images;
import io.jimg.OpenOptions;
import io.jimg.ops.Convert;
import io.jimg.ops.Create;
import io.jimg.spi.DottedOptions;
import io.jimg.testkit.BlockDeviceContract;
import io.jimg.testkit.LeakDetector;
import io.jimg.vmdk.use.Disks;
import io.jimg.vmdk.use.SplitDisk;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.io.TempDir;

/** VMDK images keep what every device keeps. */
class VmdkContractTest {

    @Nested
    class Sparse extends OnFile {
        Sparse() {
            super("subformat=monolithicSparse");
        }
    }

    @Nested
    class ZeroedGrains extends OnFile {
        ZeroedGrains() {
            super("zeroed_grain=on");
        }
    }

    @Nested
    class Flat extends OnFile {
        Flat() {
            super("subformat=monolithicFlat");
        }
    }

    @Nested
    class SplitSparse extends OnFile {
        SplitSparse() {
            super("subformat=twoGbMaxExtentSparse");
        }
    }

    @Nested
    class SplitFlat extends OnFile {
        SplitFlat() {
            super("subformat=twoGbMaxExtentFlat");
        }
    }

    /** Many extents of both kinds, and requests across their borders. */
    @Nested
    class Mixed extends OnFile {
        Mixed() {
            super("");
        }

        @Override
        protected BlockDevice make(byte[] content, boolean readOnly) throws IOException {
            SplitDisk.create(image(), content.length / 512, 1, 3);
            try (BlockDevice fresh = Disks.open(image(), true)) {
                fresh.write(ByteBuffer.wrap(content), 0);
            }
            return Disks.open(image(), !readOnly);
        }
    }

    /** Written once, from its start to its end. */
    @Nested
    class Stream extends OnFile {
        Stream() {
            super("subformat=streamOptimized");
        }

        @Override
        protected boolean canBeWritten() {
            return false;
        }

        @Override
        protected BlockDevice make(byte[] content, boolean readOnly) throws IOException {
            Path raw = Files.write(folder().resolve("disk.raw"), content);
            try (DiskImage source = Images.standard().open(raw, OpenOptions.DEFAULT.withFormat("raw"))) {
                new Convert(source)
                        .toNew(new Create(Images.standard(), image().toString())
                                .format("vmdk")
                                .options(DottedOptions.EMPTY.with("subformat", "streamOptimized")))
                        .run();
            }
            return Disks.open(image(), false);
        }
    }

    /** Half of what is read comes from a parent that ends inside a grain. */
    @Nested
    class Child extends OnParent {
        Child() {
            super("subformat=monolithicSparse");
        }
    }

    @Nested
    class ChildWithZeroedGrains extends OnParent {
        ChildWithZeroedGrains() {
            super("zeroed_grain=on");
        }
    }

    abstract static class OnParent extends OnFile {
        private static final int BENEATH = 600_000 / 512 * 512;

        OnParent(String option) {
            super(option);
        }

        @Override
        protected BlockDevice make(byte[] content, boolean readOnly) throws IOException {
            Path base = folder().resolve("base.vmdk");
            Disks.create(base, BENEATH).plan().job().run();
            try (BlockDevice beneath = Disks.open(base, true)) {
                beneath.write(ByteBuffer.wrap(content, 0, BENEATH), 0);
            }
            Disks.create(image(), content.length, option())
                    .backingFile(base.getFileName().toString())
                    .backingFormat("vmdk")
                    .plan()
                    .job()
                    .run();
            try (BlockDevice overlay = Disks.open(image(), true)) {
                overlay.write(ByteBuffer.wrap(content, BENEATH, content.length - BENEATH), BENEATH);
            }
            return Disks.open(image(), !readOnly);
        }
    }

    abstract static class OnFile extends BlockDeviceContract {
        private final String option;

        @TempDir
        private Path folder;

        OnFile(String option) {
            this.option = option;
        }

        String option() {
            return option;
        }

        Path folder() {
            return folder;
        }

        Path image() {
            return folder.resolve("disk.vmdk");
        }

        @Override
        protected BlockDevice make(byte[] content, boolean readOnly) throws IOException {
            Disks.create(image(), content.length, option).plan().job().run();
            try (BlockDevice fresh = Disks.open(image(), true)) {
                fresh.write(ByteBuffer.wrap(content), 0);
            }
            return Disks.open(image(), !readOnly);
        }

        @AfterEach
        void nothingStaysOpen() throws IOException {
            closeDevices();
            LeakDetector.assertNoOpenFiles(folder);
        }
    }
}
