package io.jimg.qcow2.use;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.jimg.DiskImage;
import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.Options;
import io.jimg.ZeroMode;
import io.jimg.capability.CompressedWrite;
import io.jimg.qcow2.Qcow2;
import io.jimg.qcow2.Qcow2Format;
import io.jimg.spi.CreateRequest;
import io.jimg.storage.MemoryStorage;
import io.jimg.storage.Storage;
import io.jimg.testkit.KeptStorage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What requests cost on the host: no more transfers than needed, and none of metadata where none changes. */
class TransferTest {
    private static final int CLUSTER = 64 << 10;

    private final List<String> log = new ArrayList<>();

    private final class Noting extends KeptStorage {
        Noting(Storage inner) {
            super(inner);
        }

        @Override
        public void read(ByteBuffer destination, long hostOffset) throws IOException {
            log.add("read " + destination.remaining());
            super.read(destination, hostOffset);
        }

        @Override
        public void write(ByteBuffer source, long hostOffset) throws IOException {
            log.add("write " + source.remaining());
            super.write(source, hostOffset);
        }

        @Override
        public void flush() throws IOException {
            log.add("flush");
            super.flush();
        }
    }

    @Test
    void whatIsTheImagesOwnIsOverwrittenInOneTransfer() throws IOException {
        try (DiskImage image = image()) {
            image.write(bytes(3 * CLUSTER), 0);
            log.clear();
            image.write(bytes(2 * CLUSTER), CLUSTER / 2);
            assertThat(log).containsExactly("write " + 2 * CLUSTER);
        }
    }

    @Test
    void contiguousClustersAreReadInOneTransfer() throws IOException {
        try (DiskImage image = image()) {
            image.write(bytes(100 * CLUSTER), 0);
            log.clear();
            image.read(ByteBuffer.allocate(100 * CLUSTER - 17), 5);
            assertThat(log).containsExactly("read " + (100 * CLUSTER - 17));
        }
    }

    @Test
    void aLargeWriteIsOneTransferAndItsMetadataWaits() throws IOException {
        try (DiskImage image = image()) {
            image.write(bytes(CLUSTER), 0);
            log.clear();
            image.write(bytes(200 * CLUSTER), CLUSTER);
            assertThat(log).containsExactly("write " + 200 * CLUSTER);
            log.clear();
            image.flush();
            // One refcount block and its table's first sectors belong to a fresh image; then L2 entries and L1 table.
            assertThat(log.stream().filter(line -> line.startsWith("write")).count())
                    .isLessThanOrEqualTo(4);
            assertThat(log.stream().filter(line -> line.startsWith("flush")).count())
                    .isLessThanOrEqualTo(3);
        }
    }

    @Test
    void aSmallWriteToAFreshClusterWritesNothingElse() throws IOException {
        try (DiskImage image = image()) {
            image.write(bytes(CLUSTER), 0);
            log.clear();
            image.write(bytes(4096), 5 * CLUSTER + 8192);
            assertThat(log).containsExactly("write 4096");
        }
    }

    @Test
    void aSmallWriteToAUsedPlaceTakesItsSurroundingsAlong() throws IOException {
        try (DiskImage image = image()) {
            image.write(bytes(2 * CLUSTER), 0);
            image.discard(0, CLUSTER);
            image.flush();
            log.clear();
            image.write(bytes(4096), 8192);
            assertThat(log).containsExactly("write " + CLUSTER);
            ByteBuffer read = ByteBuffer.allocate(CLUSTER);
            image.read(read, 0);
            assertThat(read.get(8191)).isZero();
            assertThat(read.get(8192)).isEqualTo((byte) 7);
            assertThat(read.get(8192 + 4096)).isZero();
        }
    }

    @Test
    void smallReadsInARowDecodeACompressedClusterOnce() throws IOException {
        try (DiskImage image = image()) {
            CompressedWrite writer = image.capability(CompressedWrite.class).orElseThrow();
            ByteBuffer stream = ByteBuffer.allocate(CLUSTER);
            assertThat(writer.compress(bytes(CLUSTER), stream)).isTrue();
            writer.writeCompressed(0, stream.flip());
            log.clear();
            for (int at = 0; at < CLUSTER; at += 4096) {
                ByteBuffer part = ByteBuffer.allocate(4096);
                image.read(part, at);
                assertThat(part.get(4095)).isEqualTo((byte) 7);
            }
            assertThat(log).containsExactly("read 512");
        }
    }

    @Test
    void aCompressedClusterOverwritesNothing() throws IOException {
        try (DiskImage image = image()) {
            CompressedWrite writer = image.capability(CompressedWrite.class).orElseThrow();
            ByteBuffer stream = ByteBuffer.allocate(CLUSTER);
            assertThat(writer.compress(bytes(CLUSTER), stream)).isTrue();
            stream.flip();
            image.write(bytes(CLUSTER), 0);
            assertRefused(writer, stream, 0);
            image.writeZeroes(0, CLUSTER, ZeroMode.KEEP_ALLOCATED);
            assertRefused(writer, stream, 0);
            image.writeZeroes(CLUSTER, CLUSTER, ZeroMode.EXPLICIT);
            writer.writeCompressed(CLUSTER, stream.duplicate());
            assertRefused(writer, stream, CLUSTER);
        }
    }

    private static void assertRefused(CompressedWrite writer, ByteBuffer stream, long guestOffset) {
        assertThatThrownBy(() -> writer.writeCompressed(guestOffset, stream.duplicate()))
                .isInstanceOfSatisfying(
                        ImageException.class,
                        refusal -> assertThat(refusal.kind()).isEqualTo(ErrorKind.IO));
    }

    @Test
    void discardsOverNothingTouchNothing() throws IOException {
        try (DiskImage image = image()) {
            log.clear();
            image.discard(0, image.size());
            assertThat(log).isEmpty();
        }
    }

    /** Zeroes are an image's own, whatever is put beneath it later; saying so once is enough. */
    @Test
    void zeroesOverNothingAreSaidOnce() throws IOException {
        try (DiskImage image = image()) {
            image.writeZeroes(12345, 30 * CLUSTER, ZeroMode.MAY_UNMAP);
            assertThat(image.extentAt(CLUSTER, CLUSTER).present()).isTrue();
            image.flush();
            log.clear();
            image.writeZeroes(12345, 30 * CLUSTER, ZeroMode.MAY_UNMAP);
            image.flush();
            assertThat(log).noneMatch(line -> line.startsWith("write"));
        }
    }

    @Test
    void aClusterIsReusedWhenItsRemovalIsDurableAndNotBefore() throws IOException {
        try (DiskImage image = image()) {
            image.write(bytes(2 * CLUSTER), 0);
            image.flush();
            long freed = image.extentAt(0, 1).hostOffset();
            image.discard(0, CLUSTER);
            image.write(bytes(CLUSTER), 10 * CLUSTER);
            assertThat(image.extentAt(10 * CLUSTER, 1).hostOffset()).isNotEqualTo(freed);
            image.flush();
            image.write(bytes(CLUSTER), 20 * CLUSTER);
            assertThat(image.extentAt(20 * CLUSTER, 1).hostOffset()).isEqualTo(freed);
        }
    }

    @Test
    void anImageThatWasOnlyReadIsNotTouched() throws IOException {
        try (DiskImage image = image()) {
            log.clear();
            image.read(ByteBuffer.allocate(CLUSTER), 0);
        }
        assertThat(log).noneMatch(line -> line.startsWith("write"));
    }

    private DiskImage image() throws IOException {
        MemoryStorage storage = new MemoryStorage("image");
        Options create = Options.of(Qcow2.CLUSTER_SIZE, (long) CLUSTER);
        new Qcow2Format().create(storage, new CreateRequest(1L << 30, create, name -> storage));
        return Opening.forWriting().open(new Noting(storage));
    }

    private static ByteBuffer bytes(int length) {
        ByteBuffer bytes = ByteBuffer.allocate(length);
        while (bytes.hasRemaining()) {
            bytes.put((byte) 7);
        }
        return bytes.flip();
    }
}
