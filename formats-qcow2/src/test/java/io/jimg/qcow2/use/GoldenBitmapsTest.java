package io.jimg.qcow2.use;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.jimg.DiskImage;
import io.jimg.Images;
import io.jimg.OpenOptions;
import io.jimg.capability.Bitmaps;
import io.jimg.testdata.GoldenImages;
import java.io.IOException;
import java.nio.file.Path;
import java.util.BitSet;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Bitmaps that qemu-img and qemu-io made, in the golden images. */
@Tag("quick")
class GoldenBitmapsTest {
    @TempDir
    Path folder;

    private DiskImage open(String name) throws IOException {
        Path file = GoldenImages.named(name).copyTo(folder);
        return Images.standard().open(file, OpenOptions.DEFAULT.withFormat("qcow2"));
    }

    /** 512 bytes at 64 KiB were written while two of the three were enabled. */
    @Test
    void sayWhatWasWritten() throws IOException {
        try (DiskImage image = open("bitmaps")) {
            Bitmaps bitmaps = image.capability(Bitmaps.class).orElseThrow();
            assertThat(bitmaps.list())
                    .containsExactly(
                            new Bitmaps.Bitmap("enabled", 4096, true, false),
                            new Bitmaps.Bitmap("disabled", 65536, false, false),
                            new Bitmaps.Bitmap("fine", 512, false, false));
            assertThat(read(bitmaps, "enabled")).isEqualTo(bit(16));
            assertThat(read(bitmaps, "disabled")).isEqualTo(new BitSet());
            assertThat(read(bitmaps, "fine")).isEqualTo(bit(128));
        }
    }

    @Test
    void areInconsistentWhereTheirWriterDied() throws IOException {
        try (DiskImage image = open("damage-bitmap-in-use")) {
            Bitmaps bitmaps = image.capability(Bitmaps.class).orElseThrow();
            List<Bitmaps.Bitmap> inconsistent =
                    bitmaps.list().stream().filter(Bitmaps.Bitmap::inconsistent).toList();
            assertThat(inconsistent).hasSize(1);
            String name = inconsistent.get(0).name();
            assertThatThrownBy(() -> bitmaps.read(name))
                    .hasMessageStartingWith("Bitmap '" + name + "' is inconsistent and cannot be used");
        }
    }

    @Test
    void areGoneWhereTheirBitIsClear() throws IOException {
        try (DiskImage image = open("damage-bitmap-leak")) {
            assertThat(image.capability(Bitmaps.class).orElseThrow().list()).isEmpty();
        }
    }

    private static BitSet read(Bitmaps bitmaps, String name) throws IOException {
        return BitmapModel.read(bitmaps.read(name));
    }

    private static BitSet bit(int index) {
        BitSet bits = new BitSet();
        bits.set(index);
        return bits;
    }
}
