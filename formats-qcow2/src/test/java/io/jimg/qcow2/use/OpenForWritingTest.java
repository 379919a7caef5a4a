package io.jimg.qcow2.use;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.jimg.DiskImage;
import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.Options;
import io.jimg.capability.CheckReport;
import io.jimg.capability.Checkable;
import io.jimg.qcow2.Qcow2;
import io.jimg.qcow2.Qcow2Format;
import io.jimg.qcow2.header.CompatibleFeature;
import io.jimg.qcow2.header.Header;
import io.jimg.qcow2.header.HeaderFields;
import io.jimg.qcow2.header.IncompatibleFeature;
import io.jimg.qcow2.image.Qcow2Opener;
import io.jimg.spi.CreateRequest;
import io.jimg.storage.MemoryStorage;
import io.jimg.storage.Storage;
import io.jimg.testdata.GoldenImages;
import io.jimg.testkit.KeptStorage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What opening an image for writing does to its header, and what it leaves alone. */
@Tag("quick")
class OpenForWritingTest {
    @TempDir
    Path folder;

    private static MemoryStorage create(boolean lazy) throws IOException {
        MemoryStorage storage = new MemoryStorage("image");
        Options options = Options.of(Qcow2.LAZY_REFCOUNTS, lazy);
        new Qcow2Format().create(storage, new CreateRequest(1 << 20, options, name -> storage));
        return storage;
    }

    private static void set(Storage storage, int field, long value) throws IOException {
        storage.write(ByteBuffer.allocate(Long.BYTES).putLong(0, value), field);
    }

    private static byte[] bytes(Storage storage) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate((int) storage.size());
        storage.read(bytes, 0);
        return bytes.array();
    }

    private static DiskImage open(Storage storage) throws IOException {
        return Opening.forWriting().open(new KeptStorage(storage));
    }

    private static void write(DiskImage image) throws IOException {
        image.write(ByteBuffer.wrap(new byte[] {1, 2, 3}), 70_000);
    }

    @Test
    void changesNothingUntilTheFirstWrite() throws IOException {
        MemoryStorage storage = create(true);
        set(storage, HeaderFields.AUTOCLEAR_FEATURES, 1L << 40);
        byte[] before = bytes(storage);
        try (DiskImage image = open(storage)) {
            image.read(ByteBuffer.allocate(512), 0);
            image.flush();
        }
        assertThat(bytes(storage)).isEqualTo(before);
    }

    @Test
    void clearsAutoclearBitsBeforeTheFirstWriteAndKeepsUnknownCompatibleOnes() throws IOException {
        MemoryStorage storage = create(false);
        set(storage, HeaderFields.AUTOCLEAR_FEATURES, 1L << 40 | 1);
        set(storage, HeaderFields.COMPATIBLE_FEATURES, 1L << 41);
        try (DiskImage image = open(storage)) {
            write(image);
            assertThat(Qcow2Opener.readHeader(storage).autoclear().bits()).isZero();
        }
        assertThat(Qcow2Opener.readHeader(storage).compatible().bits()).isEqualTo(1L << 41);
    }

    @Test
    void isCheckedWhileItIsOpen() throws IOException {
        MemoryStorage storage = create(false);
        try (DiskImage image = open(storage)) {
            for (int round = 0; round < 3; round++) {
                image.write(ByteBuffer.wrap(new byte[] {1, 2, 3}), 70_000L + 65536L * round);
                CheckReport report =
                        image.capability(Checkable.class).orElseThrow().check().run();
                assertThat(report.findings()).isEmpty();
                assertThat(report.allocatedClusters()).isEqualTo(round + 1);
            }
        }
    }

    @Test
    void refusesTheBitOfARawDataFileWithoutADataFile() throws IOException {
        MemoryStorage storage = create(false);
        set(storage, HeaderFields.AUTOCLEAR_FEATURES, 2);
        assertThatThrownBy(() -> open(storage)).hasMessage("data-file-raw requires a data file");
    }

    @Test
    void refusesUnknownIncompatibleFeaturesByName() throws IOException {
        Path file = GoldenImages.named("feature-incompatible-named").copyTo(folder);
        MemoryStorage storage = new MemoryStorage("image", Files.readAllBytes(file));
        assertThatThrownBy(() -> open(storage))
                .isInstanceOfSatisfying(
                        ImageException.class,
                        refused -> assertThat(refused.kind()).isEqualTo(ErrorKind.UNSUPPORTED))
                .hasMessageContaining("Unsupported qcow2 feature(s)");
    }

    @Test
    void keepsUnknownExtensionsAndFields() throws IOException {
        for (String name : new String[] {"extension-unknown", "header-long", "header-104", "feature-compatible"}) {
            Path file = GoldenImages.named(name).copyTo(folder);
            MemoryStorage storage = new MemoryStorage("image", Files.readAllBytes(file));
            Header before = Qcow2Opener.readHeader(storage);
            try (DiskImage image = open(storage)) {
                write(image);
            }
            assertThat(Qcow2Opener.readHeader(storage)).as(name).isEqualTo(before);
        }
    }

    @Test
    void marksALazyImageDirtyWhileItIsWritten() throws IOException {
        MemoryStorage storage = create(true);
        try (DiskImage image = open(storage)) {
            assertThat(dirty(storage)).isFalse();
            write(image);
            image.flush();
            assertThat(dirty(storage)).isTrue();
            assertThat(image.dirty()).isTrue();
        }
        Header header = Qcow2Opener.readHeader(storage);
        assertThat(dirty(storage)).isFalse();
        assertThat(header.compatible().has(CompatibleFeature.LAZY_REFCOUNTS)).isTrue();
    }

    @Test
    void repairsAnImageThatWasNotClosed() throws IOException {
        MemoryStorage storage = create(true);
        MemoryStorage crashed;
        try (DiskImage image = open(storage)) {
            write(image);
            image.flush();
            crashed = new MemoryStorage("image", bytes(storage));
        }
        try (DiskImage image = Opening.readOnly().open(new KeptStorage(crashed))) {
            assertThat(image.dirty()).isTrue();
        }
        assertThat(dirty(crashed)).as("a reader repairs nothing").isTrue();
        try (DiskImage image = open(crashed)) {
            assertThat(dirty(crashed)).isFalse();
            Judge.clean(crashed);
            ByteBuffer back = ByteBuffer.allocate(3);
            image.read(back, 70_000);
            assertThat(back.array()).containsExactly(1, 2, 3);
        }
    }

    private static boolean dirty(Storage storage) throws IOException {
        return Qcow2Opener.readHeader(storage).incompatible().has(IncompatibleFeature.DIRTY);
    }
}
