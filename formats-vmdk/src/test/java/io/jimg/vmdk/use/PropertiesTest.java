package io.jimg.vmdk.use;

import io.jimg.BlockDevice;
import io.jimg.testkit.DeviceProperties;
import io.jimg.testkit.QemuOracle;
import io.jimg.testkit.Specimen;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.stream.Stream;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;

/** Random use of disks of every writable kind; the real tools judge every fifth, and all that have mixed extents. */
class PropertiesTest extends DeviceProperties<PropertiesTest.Configuration> {
    private static final int JUDGED_BY_QEMU = 5;

    /** Where extents meet: QEMU reads on in the wrong file where one ends inside a grain. */
    private static final int GRAIN_SECTORS = 128;

    private int specimens;

    /**
     * What is made.
     *
     * @param options how; empty for extents of all kinds side by side
     * @param sectors the disk's size
     * @param parentSectors the parent's size, 0 for none
     */
    record Configuration(String options, int sectors, int parentSectors) {}

    @Override
    protected Arbitrary<Configuration> configurations() {
        return Arbitraries.randomValue(random -> {
            String[] flat = {"subformat=monolithicFlat", "subformat=twoGbMaxExtentFlat"};
            String[] sparse = {"subformat=monolithicSparse", "subformat=twoGbMaxExtentSparse"};
            int sectors = 1 + random.nextInt(2000);
            if (random.nextInt(5) == 0) {
                return new Configuration("", sectors, 0);
            }
            if (random.nextInt(4) == 0) {
                return new Configuration(flat[random.nextInt(2)], sectors, 0);
            }
            return new Configuration(
                    sparse[random.nextInt(2)] + (random.nextBoolean() ? ",zeroed_grain=on" : ""),
                    sectors,
                    random.nextBoolean() ? 1 + random.nextInt(2500) : 0);
        });
    }

    @Override
    protected Specimen prepare(Configuration configuration) throws IOException {
        boolean mixed = configuration.options().isEmpty();
        boolean judged = specimens++ % JUDGED_BY_QEMU == 0 || mixed;
        Path folder = Files.createTempDirectory("vmdk");
        Path disk = folder.resolve("disk.vmdk");
        if (mixed) {
            SplitDisk.create(disk, configuration.sectors(), GRAIN_SECTORS, configuration.sectors());
        } else {
            create(disk, configuration);
        }
        byte[] initial = Disks.read(disk);
        return specimen(folder, disk, initial, judged);
    }

    private static void create(Path disk, Configuration configuration) throws IOException {
        int size = configuration.sectors() * 512;
        var create = Disks.create(disk, size, configuration.options().split(","));
        if (configuration.parentSectors() > 0) {
            Path base = disk.resolveSibling("base.vmdk");
            Disks.create(base, configuration.parentSectors() * 512L)
                    .plan()
                    .job()
                    .run();
            try (BlockDevice device = Disks.open(base, true)) {
                device.write(ByteBuffer.wrap(Disks.content((int) device.size(), size)), 0);
            }
            create.backingFile("base.vmdk").backingFormat("vmdk");
        }
        create.plan().job().run();
    }

    private static Specimen specimen(Path folder, Path disk, byte[] initial, boolean judged) {
        return new Specimen() {
            @Override
            public byte[] initialContent() {
                return initial;
            }

            @Override
            public BlockDevice open() throws IOException {
                return Disks.open(disk, true);
            }

            @Override
            public void verifyClosed(byte[] expected) throws IOException {
                Disks.same(Disks.read(disk), expected);
                Optional<QemuOracle> oracle = QemuOracle.find();
                if (judged && oracle.isPresent()) {
                    Path raw = Disks.file(folder.resolve("expected.raw"), expected);
                    oracle.get()
                            .img("compare", "-f", "vmdk", "-F", "raw", disk, raw)
                            .expectExit(0);
                }
            }

            @Override
            public void close() throws IOException {
                try (Stream<Path> files = Files.list(folder)) {
                    for (Path file : files.toList()) {
                        Files.delete(file);
                    }
                }
                Files.delete(folder);
            }
        };
    }
}
