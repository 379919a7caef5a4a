package io.jimg.all;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.jimg.DiskImage;
import io.jimg.OpenOptions;
import io.jimg.ops.Convert;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** Converts into images that exist already. */
class ConvertIntoTest extends ConvertFixture {
    @Test
    void existingImageKeepsWhatLiesPastTheSource() throws IOException {
        Path raw = SampleDisk.write(folder.resolve("raw"), 5 << 20, 6);
        Path target = folder.resolve("target");
        qemu.img("create", "-q", "-f", "qcow2", target, "8M").expectExit(0);
        qemu.ioCommands("qcow2", target, "write -P 9 0 8M");
        try (DiskImage source = open(raw, "raw");
                DiskImage existing = IMAGES.open(
                        target, OpenOptions.DEFAULT.withFormat("qcow2").withWritable(true))) {
            new Convert(source).into(existing).run();
        }
        qemu.checkClean("qcow2", target);
        qemu.ioCommands("qcow2", target, "read -P 9 5M 3M");
        Path head = folder.resolve("head");
        qemu.img("dd", "-f", "qcow2", "-O", "raw", "bs=1M", "count=5", "if=" + target, "of=" + head)
                .expectExit(0);
        assertThat(Files.mismatch(head, raw)).isEqualTo(-1);
    }

    @Test
    void existingImageThatIsTooSmallIsRefused() throws IOException {
        Path raw = SampleDisk.write(folder.resolve("raw"), 5 << 20, 6);
        Path small = SampleDisk.write(folder.resolve("small"), 4 << 20, 7);
        byte[] before = Files.readAllBytes(small);
        try (DiskImage source = open(raw, "raw");
                DiskImage existing =
                        IMAGES.open(small, OpenOptions.DEFAULT.withFormat("raw").withWritable(true))) {
            assertThatThrownBy(() -> new Convert(source).into(existing).run())
                    .hasMessage("output file is smaller than input file");
        }
        assertThat(Files.readAllBytes(small)).isEqualTo(before);
    }
}
