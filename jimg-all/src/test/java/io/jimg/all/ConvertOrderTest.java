package io.jimg.all;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.jimg.DiskImage;
import io.jimg.Images;
import io.jimg.Option;
import io.jimg.OptionType;
import io.jimg.Options;
import io.jimg.ops.Convert;
import io.jimg.ops.Create;
import io.jimg.spi.DottedOptions;
import io.jimg.spi.ProtocolDriver;
import io.jimg.spi.Schema;
import io.jimg.storage.ForwardingStorage;
import io.jimg.storage.MemoryStorage;
import io.jimg.storage.Storage;
import io.jimg.testkit.KeptStorage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** The order in which a conversion writes. */
class ConvertOrderTest extends ConvertFixture {
    private static final int SIZE = 4 << 20;
    /** What a new raw image has written of it before the copy begins. */
    private static final int FIRST_BLOCK = 4096;

    /** Storages whose first byte is not written before a later one is: {@code held:NAME}. */
    private static final class HeldProtocol implements ProtocolDriver {
        private static final Option<String> FILENAME = Option.of("filename", OptionType.STRING, "");

        final MemoryStorage memory = new MemoryStorage("copy");
        final CountDownLatch later = new CountDownLatch(1);

        @Override
        public String name() {
            return "held";
        }

        @Override
        public Schema schema() {
            return Schema.of(FILENAME);
        }

        @Override
        public DottedOptions parseName(String name) {
            return DottedOptions.EMPTY.with(FILENAME.name(), name);
        }

        @Override
        public String nameOf(Options options) {
            return options.require(FILENAME);
        }

        @Override
        public boolean exists(Options options) {
            return false;
        }

        @Override
        public void delete(Options options) {}

        @Override
        public Storage create(Options options, Mode mode) {
            return open(options, mode);
        }

        @Override
        public Storage open(Options options, Mode mode) {
            return new ForwardingStorage(new KeptStorage(memory)) {
                @Override
                public void write(ByteBuffer source, long hostOffset) throws IOException {
                    if (hostOffset == 0 && source.remaining() > FIRST_BLOCK) {
                        awaitLater();
                    } else if (hostOffset > 0) {
                        later.countDown();
                    }
                    super.write(source, hostOffset);
                }
            };
        }

        private void awaitLater() throws IOException {
            try {
                if (!later.await(30, TimeUnit.SECONDS)) {
                    throw new IOException("no later write came first");
                }
            } catch (InterruptedException stopped) {
                throw new IOException(stopped);
            }
        }
    }

    /** Places are decided in guest order, so that each run gives the same bytes; the bytes go there in any order. */
    @Test
    void writesToANewImageOvertakeEachOther() throws IOException {
        assumeTrue(Runtime.getRuntime().availableProcessors() > 1, "one processor, one thread");
        byte[] bytes = new byte[SIZE];
        new Random(1).nextBytes(bytes);
        Path raw = Files.write(folder.resolve("raw"), bytes);
        HeldProtocol held = new HeldProtocol();
        Images images = IMAGES.with(held);
        try (DiskImage source = open(raw, "raw")) {
            new Convert(source)
                    .outOfOrder(true)
                    .toNew(new Create(images, "held:copy").format("raw"))
                    .run();
        }
        ByteBuffer copy = ByteBuffer.allocate(SIZE);
        held.memory.read(copy, 0);
        assertThat(copy.array()).isEqualTo(bytes);
    }
}
