package io.jimg.all;

import static org.assertj.core.api.Assertions.assertThat;

import io.jimg.DiskImage;
import io.jimg.Images;
import io.jimg.OpenOptions;
import io.jimg.Secrets;
import io.jimg.ops.Commit;
import io.jimg.ops.Create;
import io.jimg.spi.DottedOptions;
import io.jimg.spi.OpenGate;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** An encrypted volume beneath an overlay. */
class EncryptedBaseTest {
    private static final Images IMAGES = Images.standard();
    private static final Secrets SECRETS = id -> "geheim".getBytes(StandardCharsets.UTF_8);

    @TempDir
    private Path folder;

    /** A volume that grows is noise where it is new, but not to who commits zeroes into it. */
    @Test
    void aCommitThatMakesItGrowLeavesZeroes() throws Exception {
        String base = folder.resolve("base.luks").toString();
        String overlay = folder.resolve("overlay.qcow2").toString();
        DottedOptions key = DottedOptions.EMPTY.with("key-secret", "s");
        OpenOptions luks = OpenOptions.DEFAULT
                .withFormat("luks")
                .withWritable(true)
                .withSecrets(SECRETS)
                .withDriverOptions(key);
        new Create(IMAGES, base)
                .format("luks")
                .size(64 << 10)
                .options(key.with("iter-time", "10"))
                .backingOptions(luks)
                .plan()
                .job()
                .run();
        byte[] old = new byte[64 << 10];
        Arrays.fill(old, (byte) 5);
        try (DiskImage image = IMAGES.open(base, luks)) {
            image.write(ByteBuffer.wrap(old), 0);
        }
        new Create(IMAGES, overlay)
                .format("qcow2")
                .size(1 << 20)
                .backingFile(base)
                .backingFormat("luks")
                .unsafeBacking(true)
                .plan()
                .job()
                .run();

        OpenOptions chain = OpenOptions.DEFAULT
                .withFormat("qcow2")
                .withGate(OpenGate.ALLOW)
                .withSecrets(SECRETS)
                .withDriverOptions(DottedOptions.EMPTY.with("backing.key-secret", "s"));
        new Commit(IMAGES, overlay, chain).job().run();

        byte[] expected = Arrays.copyOf(old, 1 << 20);
        byte[] found = new byte[1 << 20];
        try (DiskImage image = IMAGES.open(base, luks)) {
            assertThat(image.size()).isEqualTo(found.length);
            image.read(ByteBuffer.wrap(found), 0);
        }
        assertThat(Arrays.mismatch(found, expected)).isNegative();
    }
}
