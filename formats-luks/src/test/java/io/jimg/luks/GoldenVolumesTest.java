package io.jimg.luks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.jimg.DiskImage;
import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.Images;
import io.jimg.OpenOptions;
import io.jimg.spi.DottedOptions;
import io.jimg.testdata.GoldenImages;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Volumes that qemu-img and cryptsetup made. */
@Tag("quick")
class GoldenVolumesTest {
    @TempDir
    private Path folder;

    private Path golden(String name) throws IOException {
        try (InputStream plain = GoldenImages.unpacked("luks/" + name)) {
            Path file = folder.resolve(name);
            Files.copy(plain, file);
            return file;
        }
    }

    private static byte[] expected() {
        byte[] content = new byte[64 << 10];
        Arrays.fill(content, 0, 32 << 10, (byte) 0x11);
        Arrays.fill(content, 32 << 10, content.length, (byte) 0x22);
        return content;
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "aes-256-xts-plain64-sha256",
                "aes-128-ecb-plain64-sm3",
                "serpent-128-cbc-plain64-sha1",
                "twofish-128-ctr-essiv-md5",
                "cast5-128-cbc-plain-ripemd160",
                "cryptsetup"
            })
    void isRead(String name) throws IOException {
        Path file = golden(name + ".luks");
        // Found by content.
        try (DiskImage image = Images.standard().open(file, Volumes.open().withFormat(null))) {
            assertThat(image.format()).isEqualTo("luks");
            assertThat(image.encrypted()).isTrue();
            assertThat(Volumes.content(image)).isEqualTo(expected());
        }
    }

    @Test
    void theHeaderMayBeAFileOfItsOwn() throws IOException {
        Path payload = golden("detached.payload");
        Path header = golden("detached.header");
        OpenOptions options = Volumes.open()
                .withDriverOptions(DottedOptions.EMPTY
                        .with("key-secret", "s")
                        .with("header.driver", "file")
                        .with("header.filename", header.toString()));
        try (DiskImage image = Images.standard().open(payload, options)) {
            assertThat(Volumes.content(image)).isEqualTo(expected());
            assertThat(image.formatSpecific().get("detached-header")).isEqualTo(true);
            assertThat(image.children()).extracting(DiskImage.Child::name).containsExactly("header", "file");
        }
    }

    @Test
    void aWrongOrMissingPassphraseIsTold() throws IOException {
        Path file = golden("serpent-128-cbc-plain64-sha1.luks");
        assertThatThrownBy(() -> Images.standard()
                        .open(file, Volumes.open().withSecrets(id -> "falsch".getBytes(StandardCharsets.UTF_8))))
                .hasMessage("Invalid password, cannot unlock any keyslot")
                .extracting(failure -> ((ImageException) failure).kind())
                .isEqualTo(ErrorKind.SECRET);
        assertThatThrownBy(() -> Images.standard().open(file))
                .hasMessage("Parameter 'key-secret' is required for cipher");
        assertThatThrownBy(() -> Images.standard().open(file, Volumes.open().withSecrets(io.jimg.Secrets.NONE)))
                .hasMessage("No secret with id 's'");
        assertThatThrownBy(() ->
                        Images.standard().open(file, Volumes.open().withSecrets(id -> new byte[] {(byte) 0xff})))
                .hasMessage("Data from secret s is not valid UTF-8");
        try (DiskImage image = Images.standard().open(file, OpenOptions.DEFAULT.withInspectOnly(true))) {
            assertThat(image.size()).isEqualTo(64 << 10);
        }
    }
}
