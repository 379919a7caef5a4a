package io.jimg.vmdk.use;

import static org.assertj.core.api.Assertions.assertThat;

import io.jimg.DiskImage;
import io.jimg.Images;
import io.jimg.OpenOptions;
import io.jimg.ops.Commit;
import io.jimg.ops.Rebase;
import io.jimg.spi.OpenGate;
import io.jimg.testkit.QemuOracle;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Deltas over deltas: committed, and put onto other parents with what the guest sees unchanged. */
class ChainTest {
    private static final int SIZE = 3_000_000 / 512 * 512;

    @TempDir
    Path folder;

    private Path base;
    private Path middle;
    private Path top;
    private byte[] content;

    @BeforeEach
    void makeChain() throws IOException {
        base = layer("base.vmdk", null, SIZE - 100_352, 1, "zeroed_grain=off");
        middle = layer("middle.vmdk", "base.vmdk", SIZE, 2, "subformat=twoGbMaxExtentSparse");
        top = layer("top.vmdk", "middle.vmdk", SIZE, 3, "zeroed_grain=on");
        content = Disks.read(top);
    }

    /** A disk with pieces of its own, and zeroes where its parent has data. */
    private Path layer(String name, @Nullable String parent, int size, int seed, String option) throws IOException {
        Path disk = folder.resolve(name);
        var create = Disks.create(disk, size, option);
        if (parent != null) {
            create.backingFile(parent).backingFormat("vmdk").backingOptions(options());
        }
        create.plan().job().run();
        byte[] bytes = Disks.content(size, seed);
        try (DiskImage image = Disks.open(disk, true)) {
            for (int at = seed * 40_000; at < size; at += 400_000) {
                image.write(ByteBuffer.wrap(bytes, at, Math.min(130_000, size - at)), at);
            }
            image.writeZeroes(seed * 150_000L, 200_000, io.jimg.ZeroMode.MAY_UNMAP);
        }
        return disk;
    }

    private OpenOptions options() {
        return OpenOptions.DEFAULT.withFormat("vmdk").withGate(OpenGate.within(folder.toAbsolutePath()));
    }

    private void requireContent(Path disk) throws IOException {
        Disks.same(Disks.read(disk), content);
        Path raw = Disks.file(folder.resolve("expected.raw"), content);
        QemuOracle.assumePresent().compareEqual("vmdk", disk, "raw", raw);
    }

    @Test
    void aDeltaIsCommittedToItsParent() throws IOException {
        new Commit(Images.standard(), top.toString(), options()).job().run();
        requireContent(middle);
        requireContent(top);
        new Commit(Images.standard(), middle.toString(), options())
                .base("base.vmdk")
                .drop(true)
                .job()
                .run();
        assertThat(Disks.read(base)).startsWith(java.util.Arrays.copyOf(content, SIZE - 100_352));
    }

    @ParameterizedTest
    @CsvSource({"base.vmdk", "other.vmdk", "''"})
    void aDeltaIsRebasedWithWhatItNeeds(String onto) throws IOException {
        layer("other.vmdk", null, SIZE / 2 / 512 * 512, 4, "zeroed_grain=on");
        new Rebase(Images.standard(), top.toString(), options())
                .onto(onto.isEmpty() ? null : onto, "vmdk")
                .job()
                .run();
        try (DiskImage image = Disks.open(top, false)) {
            assertThat(
                            image.backing() == null
                                    ? ""
                                    : Path.of(image.backing().name())
                                            .getFileName()
                                            .toString())
                    .isEqualTo(onto);
        }
        requireContent(top);
    }
}
