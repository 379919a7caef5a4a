package io.jimg.luks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.jimg.DiskImage;
import io.jimg.capability.Resizable.Preallocation;
import io.jimg.ops.Amend;
import io.jimg.ops.Resize;
import io.jimg.spi.DottedOptions;
import io.jimg.testkit.QemuOracle;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Another size, other passphrases. */
class LuksChangesTest {
    @TempDir
    private Path folder;

    private DiskImage made(int size) throws IOException {
        Path file = folder.resolve("disk.luks");
        Volumes.create(file, size);
        DiskImage image = Volumes.images().open(file, Volumes.open().withWritable(true));
        byte[] content = new byte[size];
        Arrays.fill(content, (byte) 1);
        image.write(ByteBuffer.wrap(content), 0);
        return image;
    }

    /** What was added is noise, the same as where qemu-img resizes. */
    @Test
    void whatIsAddedIsWhatQemuMakesOfIt() throws IOException {
        QemuOracle qemu = QemuOracle.assumePresent();
        Path theirs = folder.resolve("theirs.luks");
        try (DiskImage image = made(64 << 10)) {
            image.flush();
            Files.copy(folder.resolve("disk.luks"), theirs);
            Resize.of(image, 1 << 20).job().run();
            assertThat(image.size()).isEqualTo(1 << 20);
            Resize.of(image, 2 << 20).preallocation(Preallocation.FALLOC).job().run();
            Resize.of(image, 3 << 20).preallocation(Preallocation.FULL).job().run();
            assertThat(Arrays.copyOf(Volumes.content(image), 64 << 10)).containsOnly(1);
            assertThatThrownBy(() -> Resize.of(image, 4 << 20)
                            .preallocation(Preallocation.METADATA)
                            .job()
                            .run())
                    .hasMessage("Unsupported preallocation mode: metadata");
        }
        for (String[] step : new String[][] {{"off", "1M"}, {"falloc", "2M"}, {"full", "3M"}}) {
            qemu.img(
                            "resize",
                            "--object",
                            "secret,id=s,data=" + Volumes.PASSPHRASE,
                            "--preallocation=" + step[0],
                            "--image-opts",
                            "driver=luks,file.filename=" + theirs + ",key-secret=s",
                            step[1])
                    .expectExit(0);
        }
        assertThat(folder.resolve("disk.luks")).hasSameBinaryContentAs(theirs);
        try (DiskImage image = Volumes.images()
                .open(folder.resolve("disk.luks"), Volumes.open().withWritable(true))) {
            Resize.of(image, 32 << 10).shrink(true).job().run();
            assertThat(Volumes.content(image)).hasSize(32 << 10).containsOnly(1);
        }
    }

    @Test
    void passphrasesComeAndGo() throws IOException {
        QemuOracle qemu = QemuOracle.assumePresent();
        try (DiskImage image = made(64 << 10)) {
            amend(image, "state=active,new-secret=new,iter-time=0");
            amend(image, "state=inactive,keyslot=0");
            assertThatThrownBy(() -> amend(image, "state=inactive,keyslot=1"))
                    .hasMessageStartingWith("Attempt to erase the only active keyslot 1");
            assertThatThrownBy(() -> amend(image, "keyslot=1")).hasMessage("Parameter 'state' is missing");
            assertThat(Volumes.content(image)).containsOnly(1);
        }
        Path file = folder.resolve("disk.luks");
        assertThatThrownBy(() -> Volumes.images().open(file, Volumes.open()))
                .hasMessage("Invalid password, cannot unlock any keyslot");
        qemu.io(
                        "--object",
                        "secret,id=n,data=neu",
                        "--image-opts",
                        "-c",
                        "read -P 1 0 64k",
                        "driver=luks,file.filename=" + file + ",key-secret=n")
                .expectExit(0);
    }

    private static void amend(DiskImage image, String options) throws IOException {
        DottedOptions text = DottedOptions.EMPTY;
        for (String option : options.split(",")) {
            text = text.with(option.split("=")[0], option.split("=")[1]);
        }
        Amend.of(Volumes.images(), image, text, false).run();
    }
}
