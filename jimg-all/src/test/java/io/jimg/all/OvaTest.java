package io.jimg.all;

import static org.assertj.core.api.Assertions.assertThat;

import io.jimg.DiskImage;
import io.jimg.Images;
import io.jimg.OpenOptions;
import io.jimg.ops.Check;
import io.jimg.ops.Conversion;
import io.jimg.ops.Convert;
import io.jimg.ops.Create;
import io.jimg.spi.DottedOptions;
import io.jimg.testkit.QemuOracle;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A streamOptimized disk inside an OVA, which is a tar archive, is used where it lies. */
class OvaTest {
    private static final int BLOCK = 512;

    @TempDir
    Path folder;

    private Path raw = Path.of("");
    private Path ova = Path.of("");
    private String image = "";
    private String options = "";

    @BeforeEach
    void makeOva() throws IOException {
        byte[] content = new byte[2_000_000 / 512 * 512];
        byte[] noise = new byte[300_000];
        new Random(4).nextBytes(noise);
        System.arraycopy(noise, 0, content, 500_000, noise.length);
        raw = Files.write(folder.resolve("disk.raw"), content);
        Path stream = folder.resolve("disk.vmdk");
        QemuOracle.assumePresent()
                .img("convert", "-f", "raw", "-O", "vmdk", "-o", "subformat=streamOptimized", raw, stream)
                .expectExit(0);
        byte[] disk = Files.readAllBytes(stream);
        byte[] envelope = "<Envelope/>".getBytes(StandardCharsets.US_ASCII);
        ByteArrayOutputStream tar = new ByteArrayOutputStream();
        member(tar, "disk.ovf", envelope);
        long offset = tar.size() + BLOCK;
        member(tar, "disk.vmdk", disk);
        tar.write(new byte[2 * BLOCK]);
        ova = Files.write(folder.resolve("disk.ova"), tar.toByteArray());
        image = "json:{'driver':'vmdk','file':{'driver':'raw','offset':" + offset + ",'size':" + disk.length
                + ",'file':{'driver':'file','filename':'" + ova + "'}}}";
        options = "driver=vmdk,file.driver=raw,file.offset=" + offset + ",file.size=" + disk.length
                + ",file.file.filename=" + ova;
    }

    /** POSIX.1-1988, ustar. */
    private static void member(ByteArrayOutputStream tar, String name, byte[] bytes) throws IOException {
        byte[] header = new byte[BLOCK];
        put(header, 0, name);
        put(header, 100, "0000644");
        put(header, 108, "0000000");
        put(header, 116, "0000000");
        put(header, 124, String.format("%011o", bytes.length));
        put(header, 136, "00000000000");
        put(header, 148, "        ");
        put(header, 156, "0ustar");
        put(header, 263, "00");
        int sum = 0;
        for (byte each : header) {
            sum += each & 0xFF;
        }
        put(header, 148, String.format("%06o", sum) + "\0");
        tar.write(header);
        tar.write(bytes);
        tar.write(new byte[-bytes.length & (BLOCK - 1)]);
    }

    private static void put(byte[] header, int at, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.US_ASCII);
        System.arraycopy(bytes, 0, header, at, bytes.length);
    }

    private DiskImage open() throws IOException {
        return Images.standard().open(image, OpenOptions.DEFAULT);
    }

    @Test
    void isConvertedWithoutBeingUnpacked() throws IOException {
        byte[] before = Files.readAllBytes(ova);
        Path target = folder.resolve("disk.qcow2");
        try (DiskImage source = open()) {
            assertThat(Check.of(source).run().findings()).isEmpty();
            Conversion done = new Convert(source)
                    .compress(true)
                    .toNew(new Create(Images.standard(), target.toString())
                            .format("qcow2")
                            .options(DottedOptions.EMPTY))
                    .run();
            assertThat(done.carriedOver()).isPositive();
        }
        QemuOracle oracle = QemuOracle.assumePresent();
        oracle.compareEqual("qcow2", target, "raw", raw);
        oracle.checkClean("qcow2", target);
        Path theirs = folder.resolve("theirs.raw");
        oracle.img("convert", "--image-opts", options, "-O", "raw", theirs).expectExit(0);
        assertThat(Files.mismatch(theirs, raw)).isEqualTo(-1);
        assertThat(Files.readAllBytes(ova)).isEqualTo(before);
    }
}
