package io.jimg.all;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.jimg.DiskImage;
import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.Images;
import io.jimg.OpenOptions;
import io.jimg.ops.Create;
import io.jimg.ops.Info;
import io.jimg.spi.OpenGate;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Chains of more images than one stack has room for. */
class LongChainTest {
    private static final Images IMAGES = Images.standard();
    /** Nothing is locked: the host takes a hundredth of a second to tell of locks, for each image. */
    private static final OpenOptions OPTIONS =
            OpenOptions.DEFAULT.withFormat("qcow2").withGate(OpenGate.ALLOW).withForceShare(true);

    private static final int SIZE = 64 << 10;

    /** A quarter of the JVM's default. */
    private static final int SMALL_STACK = 256 << 10;

    @TempDir
    Path folder;

    private interface Work {
        void run() throws Exception;
    }

    @Test
    void theBaseShowsThroughMoreLayersThanQemuOpens() throws Exception {
        makeChain(1201);
        onASmallStack(() -> {
            try (DiskImage top = open(1200)) {
                ByteBuffer bytes = ByteBuffer.allocate(SIZE);
                top.read(bytes, 0);
                assertThat(bytes.array()).containsOnly(7);
                assertThat(top.extentAt(0, SIZE).depth()).isEqualTo(1200);
                assertThat(top.extentAt(0, SIZE, 1200).present()).isFalse();
            }
            assertThat(Info.chain(IMAGES, name(1200), OPTIONS).run()).hasSize(1201);
        });
    }

    @Test
    void aChainWithoutEndIsRefused() throws Exception {
        makeChain(2049);
        onASmallStack(() -> assertThatThrownBy(() -> open(2048).close())
                .isInstanceOfSatisfying(
                        ImageException.class,
                        refusal -> assertThat(refusal.kind()).isEqualTo(ErrorKind.LIMIT))
                .hasMessage("The backing chain is longer than 2048 images"));
    }

    private DiskImage open(int layer) throws IOException {
        return IMAGES.open(name(layer), OPTIONS);
    }

    private String name(int layer) {
        return folder.resolve("%04d".formatted(layer)).toString();
    }

    /** Layers that differ in nothing but what they name. */
    private void makeChain(int images) throws IOException {
        new Create(IMAGES, name(0)).format("qcow2").size(SIZE).plan().job().run();
        try (DiskImage base = IMAGES.open(name(0), OPTIONS.withForceShare(false).withWritable(true))) {
            ByteBuffer bytes = ByteBuffer.allocate(SIZE);
            while (bytes.hasRemaining()) {
                bytes.put((byte) 7);
            }
            base.write(bytes.flip(), 0);
        }
        new Create(IMAGES, name(1))
                .format("qcow2")
                .backingFile("0000")
                .backingFormat("qcow2")
                .backingOptions(OpenOptions.DEFAULT.withGate(OpenGate.ALLOW))
                .plan()
                .job()
                .run();
        String first = Files.readString(Path.of(name(1)), StandardCharsets.ISO_8859_1);
        for (int layer = 2; layer < images; layer++) {
            String image = first.replace("0000", "%04d".formatted(layer - 1));
            Files.writeString(Path.of(name(layer)), image, StandardCharsets.ISO_8859_1);
        }
    }

    private static void onASmallStack(Work work) throws Exception {
        AtomicReference<Throwable> failure = new AtomicReference<>();
        Thread thread = new Thread(
                null,
                () -> {
                    try {
                        work.run();
                    } catch (Throwable thrown) {
                        failure.set(thrown);
                    }
                },
                "small stack",
                SMALL_STACK);
        thread.start();
        thread.join();
        if (failure.get() != null) {
            throw new AssertionError(Objects.requireNonNull(failure.get()));
        }
    }
}
