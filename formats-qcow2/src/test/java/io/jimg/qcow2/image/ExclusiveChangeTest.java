package io.jimg.qcow2.image;

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
import io.jimg.qcow2.allocation.Allocation;
import io.jimg.qcow2.header.HeaderExtension;
import io.jimg.qcow2.header.HeaderFields;
import io.jimg.qcow2.use.Opening;
import io.jimg.spi.CreateRequest;
import io.jimg.storage.MemoryStorage;
import io.jimg.testkit.KeptStorage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;

/** Changes of metadata that have an open image for themselves. */
class ExclusiveChangeTest {
    private static final int SIZE = 4 << 20;
    private static final int THREADS = 3;

    @Test
    void requestsAndChangesTakeTurns() throws Exception {
        byte[] model = new byte[SIZE];
        try (Qcow2Image image = image()) {
            ExecutorService threads = Executors.newFixedThreadPool(THREADS);
            try {
                List<Future<?>> writers = new ArrayList<>();
                for (int i = 0; i < THREADS; i++) {
                    writers.add(threads.submit(writer(image, model, i)));
                }
                while (!writers.stream().allMatch(Future::isDone)) {
                    long place = image.exclusively(file -> {
                        Allocation taken = file.allocator().allocate(1);
                        file.commitRefcounts();
                        // Another free cluster's number: the change of the header must survive loading.
                        file.changeHeader(sector -> sector.putLong(HeaderFields.COMPATIBLE_FEATURES, 1L << 40));
                        file.allocator().release(taken.hostOffset(), taken.clusters());
                        return taken.hostOffset();
                    });
                    assertThat(place).isPositive();
                }
                for (Future<?> each : writers) {
                    each.get();
                }
            } finally {
                threads.shutdownNow();
            }
            ByteBuffer all = ByteBuffer.allocate(SIZE);
            image.read(all, 0);
            assertThat(Arrays.equals(all.array(), model)).isTrue();
            assertThat(image.header().compatible().bits()).isEqualTo(1L << 40);
            CheckReport report =
                    image.capability(Checkable.class).orElseThrow().check().run();
            assertThat(report.findings()).isEmpty();
            assertThat(report.clean()).isTrue();
        }
    }

    @Test
    void whatAFailedChangeDidToTheFileHolds() throws IOException {
        try (Qcow2Image image = image()) {
            image.write(ByteBuffer.allocate(100).put(0, (byte) 7), 5);
            assertThatThrownBy(() -> image.exclusively(file -> {
                        file.allocator().allocate(3);
                        file.changeHeader(sector -> sector.putLong(HeaderFields.SIZE, SIZE / 2));
                        throw new IOException("no room");
                    }))
                    .hasMessage("no room");
            assertThat(image.size()).isEqualTo(SIZE / 2);
            ByteBuffer read = ByteBuffer.allocate(1);
            image.read(read, 5);
            assertThat(read.get(0)).isEqualTo((byte) 7);
            assertThat(image.capability(Checkable.class)
                            .orElseThrow()
                            .check()
                            .run()
                            .clean())
                    .isTrue();
        }
    }

    @Test
    void theWholeHeaderIsReplaced() throws IOException {
        try (Qcow2Image image = image()) {
            HeaderExtension extension = new HeaderExtension(0x12345678, new byte[1000]);
            image.exclusively(file -> {
                file.changeHeader(sector -> sector.putLong(HeaderFields.COMPATIBLE_FEATURES, 1L << 40));
                file.rewriteHeader(header -> header.withExtension(0x12345678, extension));
                file.changeHeader(sector -> sector.putLong(HeaderFields.SIZE, SIZE / 2));
                return null;
            });
            assertThat(image.header().extension(0x12345678)).isEqualTo(extension);
            assertThat(image.header().compatible().bits()).isEqualTo(1L << 40);
            assertThat(image.header().size()).isEqualTo(SIZE / 2);
        }
    }

    @Test
    void anImageThatCannotBeLoadedSaysSo() throws IOException {
        MemoryStorage storage = new MemoryStorage("it");
        try (Qcow2Image image = image(storage)) {
            assertThatThrownBy(() -> image.exclusively(file -> {
                        file.changeHeader(sector -> sector.putInt(0, 0));
                        return null;
                    }))
                    .isInstanceOf(ImageException.class);
            assertThatThrownBy(() -> image.read(ByteBuffer.allocate(1), 0))
                    .hasMessageContaining("could not be loaded again after its metadata was changed");
        }
    }

    @Test
    void aChangeThatWaitsForItsOwnImageIsABug() throws IOException {
        try (Qcow2Image image = image()) {
            assertThatThrownBy(() -> image.exclusively(file -> {
                        image.flush();
                        return null;
                    }))
                    .isInstanceOf(IllegalStateException.class);
            image.flush();
        }
    }

    @Test
    void aClosedImageAndOneOpenForReadingRefuse() throws IOException {
        MemoryStorage storage = new MemoryStorage("it");
        Qcow2Image image = image(storage);
        image.close();
        assertThatThrownBy(() -> image.exclusively(file -> null))
                .isInstanceOfSatisfying(
                        ImageException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.CLOSED));
        try (Qcow2Image reader = (Qcow2Image) Opening.readOnly().open(storage)) {
            assertThatThrownBy(() -> reader.exclusively(file -> null))
                    .isInstanceOfSatisfying(
                            ImageException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.READ_ONLY));
        }
    }

    private static Callable<Object> writer(DiskImage image, byte[] model, int number) {
        return () -> {
            Random random = new Random(number);
            int share = SIZE / THREADS;
            for (int i = 0; i < 300; i++) {
                byte[] bytes = new byte[1 + random.nextInt(20_000)];
                random.nextBytes(bytes);
                int at = number * share + random.nextInt(share - bytes.length);
                image.write(ByteBuffer.wrap(bytes), at);
                System.arraycopy(bytes, 0, model, at, bytes.length);
                ByteBuffer back = ByteBuffer.allocate(bytes.length);
                image.read(back, at);
                assertThat(Arrays.equals(back.array(), bytes)).isTrue();
            }
            return number;
        };
    }

    private static Qcow2Image image() throws IOException {
        return image(new MemoryStorage("it"));
    }

    private static Qcow2Image image(MemoryStorage storage) throws IOException {
        Options options = Options.of(Qcow2.CLUSTER_SIZE, 4096L);
        new Qcow2Format().create(storage, new CreateRequest(SIZE, options, name -> storage));
        return (Qcow2Image) Opening.forWriting().open(new KeptStorage(storage));
    }
}
