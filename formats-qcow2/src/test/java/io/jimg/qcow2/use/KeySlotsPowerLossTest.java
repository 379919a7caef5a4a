package io.jimg.qcow2.use;

import static org.assertj.core.api.Assertions.assertThat;

import io.jimg.CacheMode;
import io.jimg.DiskImage;
import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.Options;
import io.jimg.Secrets;
import io.jimg.capability.Amendable;
import io.jimg.qcow2.Qcow2Format;
import io.jimg.qcow2.Qcow2OpenOptions;
import io.jimg.spi.DottedOptions;
import io.jimg.spi.OpenContext;
import io.jimg.spi.OpenGate;
import io.jimg.storage.Storage;
import io.jimg.testkit.KeptStorage;
import io.jimg.testkit.ReorderingStorage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestReporter;

/**
 * Power is lost at every moment while an encrypted image's one passphrase is overwritten by force, another is added and
 * the first is taken away: always some passphrase opens the image, and its guest's bytes are what they were. The system
 * property {@code jimg.powerloss.variants} sets how many states are looked at for each moment.
 */
class KeySlotsPowerLossTest {
    private static final int VARIANTS = Integer.getInteger("jimg.powerloss.variants", 2);
    private static final String FAST = ",encrypt.iter-time=1";

    private final ReorderingStorage storage = new ReorderingStorage("disk");
    private final byte[] content = new byte[1 << 16];
    private int crashes;

    @Test
    void someoneWhoHadTheKeyHasItStill(TestReporter reporter) throws IOException {
        Configuration configuration = new Configuration(
                "cluster_size=4096,encrypt.format=luks,encrypt.key-secret=s" + FAST,
                "",
                content.length,
                Configuration.Layer.NONE,
                false,
                Configuration.Start.EMPTY);
        Making making = new Making(configuration, 1);
        making.make(storage);
        Arrays.fill(content, (byte) 9);
        try (DiskImage image = making.open(new KeptStorage(storage))) {
            image.write(ByteBuffer.wrap(content), 0);
        }
        storage.flush();
        amend(Configuration.PASSPHRASE, "state=active,encrypt.keyslot=0,encrypt.new-secret=second" + FAST, "second");
        amend("second", "state=active,encrypt.new-secret=third" + FAST, "third");
        amend("second", "state=inactive,encrypt.old-secret=second", "third");
        reporter.publishEntry("crash points of key slots", Integer.toString(crashes));
        assertThat(crashes).isGreaterThan(20 * VARIANTS);
    }

    private void amend(String passphrase, String options, String next) throws IOException {
        boolean[] verifying = {false};
        try (DiskImage image = open(passphrase, storage)) {
            storage.observe(number -> {
                for (int i = 0; i < VARIANTS && !verifying[0]; i++) {
                    verifying[0] = true;
                    verify(storage.crash(crashes++), List.of(passphrase, next));
                    verifying[0] = false;
                }
            });
            DottedOptions text = DottedOptions.EMPTY;
            for (String option : ("encrypt." + options).split(",")) {
                text = text.with(option.split("=")[0], option.split("=")[1]);
            }
            Options parsed = new Qcow2Format().amendSchema().parse(text);
            image.capability(Amendable.class).orElseThrow().amend(parsed, true).run();
        } finally {
            storage.observe(null);
        }
        verify(storage, List.of(next));
    }

    private void verify(Storage left, List<String> passphrases) throws IOException {
        for (String each : passphrases) {
            try (DiskImage image = open(each, left)) {
                byte[] found = new byte[content.length];
                image.read(ByteBuffer.wrap(found), 0);
                assertThat(found).isEqualTo(content);
                return;
            } catch (ImageException wrong) {
                assertThat(wrong.kind()).as("%s", wrong).isEqualTo(ErrorKind.SECRET);
            }
        }
        throw new AssertionError("neither opens: " + passphrases);
    }

    private static DiskImage open(String passphrase, Storage file) throws IOException {
        Secrets secrets = id -> (id.equals("s") ? passphrase : id).getBytes(StandardCharsets.US_ASCII);
        Options options = Qcow2OpenOptions.SCHEMA.parse(DottedOptions.EMPTY.with("encrypt.key-secret", "s"));
        return new Qcow2Format().open(new KeptStorage(file), new Context(options, secrets));
    }

    private record Context(Options options, Secrets secrets) implements OpenContext {
        @Override
        public boolean writable() {
            return true;
        }

        @Override
        public boolean inspectOnly() {
            return false;
        }

        @Override
        public boolean probed() {
            return false;
        }

        @Override
        public CacheMode cache() {
            return CacheMode.WRITEBACK;
        }

        @Override
        public @Nullable DiskImage openBacking(@Nullable String name, @Nullable String format) {
            return null;
        }

        @Override
        public @Nullable Storage openStorage(String child, OpenGate.Role role, @Nullable String name) {
            return null;
        }
    }
}
