package io.jimg.qcow2.use;

import io.jimg.BlockDevice;
import io.jimg.storage.MemoryStorage;
import io.jimg.testkit.DeviceProperties;
import io.jimg.testkit.KeptStorage;
import io.jimg.testkit.QemuOracle;
import io.jimg.testkit.Specimen;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.stream.Stream;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;

/** Random use of images of every kind; our check judges each of them, the real tools every fifth. */
class PropertiesTest extends DeviceProperties<Configuration> {
    private static final int JUDGED_BY_QEMU = 5;

    private int specimens;

    @Override
    protected Arbitrary<Configuration> configurations() {
        return Arbitraries.randomValue(random -> Configuration.random(random, false));
    }

    @Override
    protected Specimen prepare(Configuration configuration) throws IOException {
        boolean judged = specimens++ % JUDGED_BY_QEMU == 0;
        return new ImageSpecimen(
                configuration, configuration.hashCode(), judged ? QemuOracle.find() : Optional.empty());
    }

    /** An image in memory. */
    static final class ImageSpecimen implements Specimen {
        private final Making making;
        private final MemoryStorage file = new MemoryStorage("image.qcow2");
        private final byte[] initial;
        private final Optional<QemuOracle> oracle;

        ImageSpecimen(Configuration configuration, long seed, Optional<QemuOracle> oracle) throws IOException {
            this.making = new Making(configuration, seed);
            this.oracle = oracle;
            making.make(file);
            try (BlockDevice device = making.opening(false).open(new KeptStorage(file))) {
                ByteBuffer content = ByteBuffer.allocate((int) device.size());
                device.read(content, 0);
                this.initial = content.array();
            }
        }

        @Override
        public byte[] initialContent() {
            return initial;
        }

        @Override
        public BlockDevice open() throws IOException {
            return making.open(new KeptStorage(file));
        }

        @Override
        public void verifyClosed(byte[] expected) throws IOException {
            Judge.clean(file);
            if (oracle.isPresent()) {
                Path folder = Files.createTempDirectory("properties");
                try {
                    new Judge(making, folder).byTheRealTools(oracle.get(), file, expected);
                } finally {
                    delete(folder);
                }
            }
        }
    }

    static void delete(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            files.forEach(file -> {
                try {
                    Files.delete(file);
                } catch (IOException failure) {
                    throw new UncheckedIOException(failure);
                }
            });
        }
        Files.delete(folder);
    }
}
