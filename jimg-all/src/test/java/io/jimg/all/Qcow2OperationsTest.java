package io.jimg.all;

import static org.assertj.core.api.Assertions.assertThat;

import io.jimg.DiskImage;
import io.jimg.Images;
import io.jimg.OpenOptions;
import io.jimg.Secrets;
import io.jimg.capability.Bitmaps;
import io.jimg.capability.Repairable;
import io.jimg.capability.Resizable.Preallocation;
import io.jimg.capability.Snapshots;
import io.jimg.ops.Amend;
import io.jimg.ops.Check;
import io.jimg.ops.Commit;
import io.jimg.ops.Convert;
import io.jimg.ops.CopyBitmaps;
import io.jimg.ops.Create;
import io.jimg.ops.Measure;
import io.jimg.ops.Rebase;
import io.jimg.ops.Resize;
import io.jimg.spi.DottedOptions;
import io.jimg.spi.OpenGate;
import io.jimg.testkit.QemuOracle;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What can be done offline with a qcow2 image is one call each; the real tools see what came of it. */
class Qcow2OperationsTest {
    private static final Images IMAGES = Images.standard();
    private static final OpenOptions WRITABLE =
            OpenOptions.DEFAULT.withFormat("qcow2").withGate(OpenGate.ALLOW).withWritable(true);
    private static final long SIZE = 1 << 20;

    @TempDir
    private Path folder;

    private QemuOracle qemu;
    private Path file;

    @BeforeEach
    void makeImage() throws IOException {
        qemu = QemuOracle.assumePresent();
        file = folder.resolve("image.qcow2");
        create(file).plan().job().run();
    }

    private static Create create(Path path) {
        return new Create(IMAGES, path.toString()).format("qcow2").size(SIZE);
    }

    /** An overlay whose backing file is the image, with 64 KiB of one byte. */
    private Path overlay(byte value) throws IOException {
        Path path = folder.resolve("overlay.qcow2");
        create(path)
                .backingFile(file.toString())
                .backingFormat("qcow2")
                .backingOptions(WRITABLE)
                .plan()
                .job()
                .run();
        try (DiskImage image = open(path)) {
            fill(image, value);
        }
        return path;
    }

    private static DiskImage open(Path path) throws IOException {
        return IMAGES.open(path.toString(), WRITABLE);
    }

    private static void fill(DiskImage image, byte value) throws IOException {
        byte[] bytes = new byte[64 << 10];
        Arrays.fill(bytes, value);
        image.write(ByteBuffer.wrap(bytes), 0);
    }

    private void holds(Path path, int value) {
        qemu.checkClean("qcow2", path);
        qemu.ioCommands("qcow2", path, "read -P " + value + " 0 64k");
    }

    private String info(Path path) {
        return qemu.img("info", path).expectExit(0).stdout();
    }

    @Test
    void snapshots() throws IOException {
        try (DiskImage image = open(file)) {
            Snapshots snapshots = image.capability(Snapshots.class).orElseThrow();
            fill(image, (byte) 1);
            snapshots.create("first");
            fill(image, (byte) 2);
            snapshots.create("second");
            try (DiskImage first = snapshots.open("first")) {
                ByteBuffer one = ByteBuffer.allocate(1);
                first.read(one, 0);
                assertThat(one.get(0)).isEqualTo((byte) 1);
            }
            snapshots.apply("first");
            snapshots.delete("second");
            assertThat(snapshots.list()).extracting(Snapshots.Snapshot::name).containsExactly("first");
        }
        holds(file, 1);
        assertThat(info(file)).contains("first").doesNotContain("second");
    }

    @Test
    void resizes() throws IOException {
        for (Preallocation mode : Preallocation.values()) {
            try (DiskImage image = open(file)) {
                Resize.of(image, image.size() + SIZE).preallocation(mode).job().run();
            }
            qemu.checkClean("qcow2", file);
        }
        try (DiskImage image = open(file)) {
            Resize.of(image, SIZE / 2).shrink(true).job().run();
        }
        assertThat(info(file)).contains("(524288 bytes)");
        qemu.checkClean("qcow2", file);
    }

    @Test
    void commits() throws IOException {
        Path overlay = overlay((byte) 3);
        new Commit(IMAGES, overlay.toString(), WRITABLE).job().run();
        holds(file, 3);
        holds(overlay, 3);
    }

    @Test
    void rebases() throws IOException {
        Path overlay = overlay((byte) 4);
        new Rebase(IMAGES, overlay.toString(), WRITABLE)
                .onto(null, null)
                .compress(true)
                .job()
                .run();
        assertThat(info(overlay)).doesNotContain("backing file");
        holds(overlay, 4);
        new Rebase(IMAGES, overlay.toString(), WRITABLE)
                .onto("elsewhere.qcow2", "qcow2")
                .unsafe(true)
                .job()
                .run();
        assertThat(info(overlay)).contains("backing file: elsewhere.qcow2");
    }

    @Test
    void checksAndRepairs() throws IOException {
        try (RandomAccessFile raw = new RandomAccessFile(file.toFile(), "rw")) {
            // The first refcount block: the header's count.
            raw.seek(128 << 10);
            raw.writeShort(5);
        }
        try (DiskImage image = IMAGES.open(file.toString(), WRITABLE.withToCheck(true))) {
            assertThat(Check.of(image).run().leaks()).isEqualTo(1);
            assertThat(Check.repair(image, Repairable.Mode.ALL).run().report().leaksFixed())
                    .isEqualTo(1);
        }
        qemu.checkClean("qcow2", file);
    }

    @Test
    void amends() throws IOException {
        try (DiskImage image = open(file)) {
            DottedOptions options = DottedOptions.EMPTY.with("compat", "0.10");
            Amend.of(IMAGES, image, options, false).run();
        }
        assertThat(info(file)).contains("compat: 0.10");
        qemu.checkClean("qcow2", file);
    }

    @Test
    void bitmaps() throws IOException {
        Path other = folder.resolve("other.qcow2");
        try (DiskImage image = open(file)) {
            Bitmaps bitmaps = image.capability(Bitmaps.class).orElseThrow();
            bitmaps.add("changes", 65536, true);
            bitmaps.add("all", 65536, false);
            fill(image, (byte) 5);
            bitmaps.merge("all", bitmaps.read("changes"));
            bitmaps.disable("changes");
            bitmaps.clear("changes");
            bitmaps.remove("changes");
            bitmaps.enable("all");
        }
        try (DiskImage image = open(file)) {
            new Convert(image)
                    .bitmaps(new CopyBitmaps(image, null))
                    .toNew(create(other))
                    .run();
        }
        assertThat(info(other)).contains("name: all").doesNotContain("changes");
        holds(other, 5);
    }

    @Test
    void measures() throws IOException {
        try (DiskImage image = IMAGES.open(file.toString(), WRITABLE.withWritable(false))) {
            long ours = new Measure(IMAGES, "qcow2").of(image).run().required();
            assertThat(qemu.img("measure", "-O", "qcow2", file).expectExit(0).stdout())
                    .contains("required size: " + ours);
        }
    }

    @Test
    void encrypts() throws IOException {
        Path encrypted = folder.resolve("encrypted.qcow2");
        Secrets secrets = id -> id.getBytes(StandardCharsets.UTF_8);
        DottedOptions key = DottedOptions.EMPTY.with("encrypt.key-secret", "old");
        OpenOptions open = WRITABLE.withSecrets(secrets).withDriverOptions(key);
        create(encrypted)
                .options(key.with("encrypt.format", "luks").with("encrypt.iter-time", "10"))
                .backingOptions(open)
                .plan()
                .job()
                .run();
        try (DiskImage image = IMAGES.open(encrypted.toString(), open)) {
            fill(image, (byte) 6);
            DottedOptions another = DottedOptions.EMPTY
                    .with("encrypt.state", "active")
                    .with("encrypt.new-secret", "new")
                    .with("encrypt.iter-time", "10");
            Amend.of(IMAGES, image, another, false).run();
        }
        String how = "driver=qcow2,encrypt.key-secret=s,file.filename=" + encrypted;
        qemu.io("--object", "secret,id=s,data=new", "--image-opts", how, "-c", "read -P 6 0 64k")
                .expectExit(0);
    }
}
