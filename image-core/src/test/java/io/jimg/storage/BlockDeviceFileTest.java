package io.jimg.storage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.jimg.CacheMode;
import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.host.file.HostFile;
import io.jimg.spi.ProtocolDriver;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A loop device, for those who may make one. */
class BlockDeviceFileTest {
    private static final int SIZE = 4 << 20;

    private final HostDeviceProtocol protocol = new HostDeviceProtocol();

    @TempDir
    Path folder;

    private String device = "";

    @BeforeEach
    void makeDevice() throws IOException, InterruptedException {
        Path file = folder.resolve("disk");
        try (RandomAccessFile disk = new RandomAccessFile(file.toFile(), "rw")) {
            disk.setLength(SIZE);
        }
        device = losetup("--find", "--show", file.toString());
        assumeTrue(device.startsWith("/dev/"), "this user makes no loop devices");
    }

    @AfterEach
    void removeDevice() throws IOException, InterruptedException {
        if (!device.isEmpty()) {
            losetup("--detach", device);
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"WRITEBACK", "NONE"})
    void isAStorageOfFixedLength(CacheMode cache) throws IOException {
        var options = protocol.schema().parse(protocol.parseName("host_device:" + device));
        try (Storage storage = protocol.create(options, new ProtocolDriver.Mode(true, cache, true))) {
            assertThat(storage.size()).isEqualTo(SIZE);
            assertThat(storage.growsWithZeroes()).isFalse();
            storage.write(ByteBuffer.wrap(new byte[] {1, 2, 3}), 4095);
            storage.write(ByteBuffer.allocateDirect(8192).put(0, (byte) 4), 65536);
            ByteBuffer read = ByteBuffer.allocate(5);
            storage.read(read, 4094);
            assertThat(read.array()).containsExactly(0, 1, 2, 3, 0);
            assertThat(storage.extentAt(0, 2L * SIZE)).isEqualTo(new HostExtent(0, SIZE, false));
            if (HostFile.isAvailable()) {
                assertThat(storage.punch(4096, 4096)).isEqualTo(Outcome.DONE);
                storage.read(read.clear(), 4094);
                assertThat(read.array()).containsExactly(0, 1, 0, 0, 0);
                assertThat(storage.zero(65536, 512, true)).isEqualTo(Outcome.DONE);
                storage.read(read.clear(), 65536);
                assertThat(read.array()).containsOnly(0);
            }
            assertThat(storage.punch(1, 10)).isEqualTo(Outcome.UNSUPPORTED);
            assertThat(storage.allocate(0, SIZE)).isEqualTo(Outcome.UNSUPPORTED);
            storage.truncate(5);
            assertThat(storage.size()).isEqualTo(SIZE);
            refused(() -> storage.truncate(SIZE + 1), "Cannot grow device files");
            refused(() -> storage.write(ByteBuffer.allocate(512), SIZE), "No space left on device");
            storage.flush();
        }
        protocol.delete(options);
        assertThat(Path.of(device)).exists();
    }

    private static void refused(ThrowingCallable call, String sentence) {
        assertThatThrownBy(call)
                .isInstanceOfSatisfying(
                        ImageException.class,
                        failure -> assertThat(failure.kind()).isEqualTo(ErrorKind.NO_SPACE))
                .hasMessage(sentence);
    }

    /** What losetup says; nothing where there is none. */
    private static String losetup(String... arguments) throws InterruptedException {
        String[] command = new String[arguments.length + 1];
        command[0] = "losetup";
        System.arraycopy(arguments, 0, command, 1, arguments.length);
        try {
            Process process = new ProcessBuilder(command)
                    .redirectError(ProcessBuilder.Redirect.DISCARD)
                    .start();
            String answer = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
            process.waitFor();
            return answer;
        } catch (IOException noSuchProgram) {
            return "";
        }
    }
}
