package io.jimg.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.storage.FileStorage;
import io.jimg.storage.Permission;
import io.jimg.storage.Sharing;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** jimg and QEMU keep each other out of an image as two QEMUs do, and no more. */
class SharedImagesTest {
    private final QemuOracle oracle = QemuOracle.assumePresent();

    @TempDir
    private Path folder;

    private Path image;

    @BeforeEach
    void makeImage() {
        image = folder.resolve("x.qcow2");
        oracle.img("create", "-q", "-f", "qcow2", image, "1M").expectExit(0);
    }

    @Test
    void qemuHonoursOurLocks() throws IOException {
        try (FileStorage storage = FileStorage.open(image, true)) {
            storage.share(Sharing.ofMetadata(true, false));
            assertThat(oracle.img("info", image).expectExit(1).stderr())
                    .contains(
                            "Failed to get shared \"write\" lock\nIs another process using the image [" + image + "]?");
            oracle.img("info", "-U", image).expectExit(0);
            oracle.img("info", "-f", "raw", image).expectExit(0);

            storage.share(Sharing.ofMetadata(false, false));
            oracle.img("info", image).expectExit(0);
            oracle.img("check", image).expectExit(0);
            assertThat(oracle.img("resize", image, "2M").expectExit(1).stderr())
                    .contains("Failed to get \"write\" lock");

            storage.share(Sharing.ofBytes(true, false));
            assertThat(oracle.img("info", image).expectExit(1).stderr())
                    .contains("Failed to get shared \"write\" lock");
            oracle.ioCommands("raw", image, "write -P 0 100k 512");
            storage.share(Sharing.ANY);
            oracle.img("resize", image, "2M").expectExit(0);
            storage.share(Sharing.ofMetadata(true, false));
        }
        oracle.img("resize", image, "3M").expectExit(0);
    }

    static Stream<Arguments> sharings() {
        String write = "Failed to get \"write\" lock";
        String sharedWrite = "Failed to get shared \"write\" lock";
        return Stream.of(
                // How QEMU has the image open; what we do with it; the refusal, if any.
                Arguments.of("qcow2", false, Sharing.ofMetadata(false, false), sharedWrite),
                Arguments.of("qcow2", false, Sharing.ofMetadata(false, true), sharedWrite),
                Arguments.of("qcow2", false, Sharing.ofMetadata(true, false), write),
                Arguments.of("qcow2", false, Sharing.ofBytes(false, false), ""),
                Arguments.of("qcow2", false, Sharing.ofBytes(true, false), write),
                Arguments.of("qcow2", true, Sharing.ofMetadata(false, false), ""),
                Arguments.of("qcow2", true, Sharing.ofMetadata(true, false), write),
                Arguments.of("raw", false, Sharing.ofBytes(true, false), ""),
                Arguments.of("raw", false, Sharing.ofBytes(false, false).denying(Permission.WRITE), sharedWrite));
    }

    @ParameterizedTest
    @MethodSource("sharings")
    void weHonourQemusLocks(String format, boolean readOnly, Sharing ours, String refusal) throws IOException {
        List<String> command = Stream.of(
                        oracle.folder().resolve("qemu-io").toString(),
                        "-f",
                        format,
                        readOnly ? "-r" : "",
                        image.toString())
                .filter(word -> !word.isEmpty())
                .toList();
        Process qemu = new ProcessBuilder(command).redirectErrorStream(true).start();
        try (BufferedReader answers = qemu.inputReader();
                FileStorage storage = FileStorage.open(image, ours.used().contains(Permission.WRITE))) {
            qemu.outputWriter().write("read 0 512\n");
            qemu.outputWriter().flush();
            String answer = answers.readLine();
            assertThat(answer).contains("read 512/512");
            if (refusal.isEmpty()) {
                storage.share(ours);
            } else {
                assertThatThrownBy(() -> storage.share(ours))
                        .isInstanceOfSatisfying(
                                ImageException.class,
                                failure -> assertThat(failure.kind()).isEqualTo(ErrorKind.LOCKED))
                        .hasMessage(refusal + "\nIs another process using the image [" + image + "]?");
            }
        } finally {
            qemu.outputWriter().close();
            qemu.destroy();
        }
    }
}
