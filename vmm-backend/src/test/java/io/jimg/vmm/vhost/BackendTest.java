package io.jimg.vmm.vhost;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.Options;
import io.jimg.host.ipc.LocalSocket;
import io.jimg.testkit.ModelDevice;
import io.jimg.vmm.DiskBackend;
import io.jimg.vmm.DiskBackends;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The transport as whoever starts it sees it. */
@Tag("quick")
class BackendTest {
    @TempDir
    private Path folder;

    private static Options socket(Object path) {
        return Options.none().with(VhostUserBackend.SOCKET, path.toString());
    }

    @Test
    void saysWhereItCannotBe() throws IOException {
        assumeTrue(!LocalSocket.isAvailable(), "it is here");
        Path path = folder.resolve("socket");
        DiskBackend backend = DiskBackends.named("vhost-user-blk");
        assertThatThrownBy(() -> backend.start(new ModelDevice(512), socket(path)))
                .isInstanceOfSatisfying(
                        ImageException.class,
                        failure -> assertThat(failure.kind()).isEqualTo(ErrorKind.UNSUPPORTED))
                .hasMessageContaining("needs Linux, Java 22 or newer, and native access");
        assertThat(Files.exists(path)).isFalse();
    }

    @Test
    void refusesOptionsOutOfRange() throws IOException {
        DiskBackend backend = DiskBackends.named("vhost-user-blk");
        ModelDevice device = new ModelDevice(512);
        for (Options each : new Options[] {
            Options.none(),
            socket("s").with(VhostUserBackend.NUM_QUEUES, 0L),
            socket("s").with(VhostUserBackend.NUM_QUEUES, 1L << 32),
            socket("s").with(VhostUserBackend.LOGICAL_BLOCK_SIZE, 100L),
            socket("s").with(VhostUserBackend.SERIAL, "x".repeat(21))
        }) {
            assertThatThrownBy(() -> backend.start(device, each))
                    .isInstanceOfSatisfying(
                            ImageException.class,
                            failure -> assertThat(failure.kind()).isEqualTo(ErrorKind.BAD_OPTION));
        }
    }
}
