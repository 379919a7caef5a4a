package io.jimg.nbd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.jimg.CacheMode;
import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.Options;
import io.jimg.nbd.ExportInfo.Replies;
import io.jimg.nbd.wire.Transmission;
import io.jimg.spi.DottedOptions;
import io.jimg.spi.ProtocolDriver;
import io.jimg.storage.HostExtent;
import io.jimg.storage.Outcome;
import io.jimg.storage.Storage;
import io.jimg.testkit.QemuOracle;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The storage on exports of the real qemu-nbd. */
class NbdStorageTest {
    private static final int SIZE = 3 << 20;

    @TempDir
    private Path folder;

    private Path file;

    @BeforeEach
    void makeFile() throws IOException {
        QemuOracle.assumeVersion(10);
        file = folder.resolve("disk.raw");
        byte[] content = new byte[SIZE];
        new Random(7).nextBytes(content);
        Arrays.fill(content, 1 << 20, 2 << 20, (byte) 0);
        Files.write(file, content);
    }

    private QemuNbd serve(Object... more) throws IOException {
        Object[] arguments = Arrays.copyOf(more, more.length + 3);
        arguments[more.length] = "-f";
        arguments[more.length + 1] = "raw";
        arguments[more.length + 2] = file;
        return QemuNbd.start(folder, "disk", arguments);
    }

    private static Storage open(QemuNbd server, boolean writable) throws IOException {
        return open(server, writable, DottedOptions.EMPTY);
    }

    private static Storage open(QemuNbd server, boolean writable, DottedOptions more) throws IOException {
        NbdProtocol protocol = new NbdProtocol();
        DottedOptions text = protocol.parseName(server.url(""));
        for (var entry : more.entries().entrySet()) {
            text = text.with(entry.getKey(), entry.getValue());
        }
        Options options = protocol.schema().parse(text);
        return protocol.open(options, new ProtocolDriver.Mode(writable, CacheMode.WRITEBACK, true));
    }

    @Test
    void manyThreadsReadAndWriteWhatIsThere() throws Exception {
        byte[] expected = Files.readAllBytes(file);
        try (QemuNbd server = serve();
                Storage storage = open(server, true)) {
            int threads = 8;
            int share = SIZE / threads;
            ExecutorService pool = Executors.newFixedThreadPool(threads);
            List<Future<?>> work = IntStream.range(0, threads)
                    .<Future<?>>mapToObj(thread -> pool.submit(() -> {
                        Random random = new Random(thread);
                        for (int i = 0; i < 60; i++) {
                            int length = 1 + random.nextInt(i % 10 == 0 ? share : 5000);
                            int offset = thread * share + random.nextInt(share - length + 1);
                            if (i % 7 == 0) {
                                Thread.currentThread().interrupt();
                            }
                            if (random.nextBoolean()) {
                                byte[] bytes = new byte[length];
                                random.nextBytes(bytes);
                                storage.write(ByteBuffer.wrap(bytes), offset);
                                System.arraycopy(bytes, 0, expected, offset, length);
                            } else {
                                ByteBuffer read =
                                        i % 2 == 0 ? ByteBuffer.allocate(length) : ByteBuffer.allocateDirect(length);
                                storage.read(read, offset);
                                assertThat(read.flip()).isEqualTo(ByteBuffer.wrap(expected, offset, length));
                            }
                            if (i % 7 == 0) {
                                assertThat(Thread.interrupted()).isTrue();
                            }
                        }
                        return null;
                    }))
                    .toList();
            for (Future<?> each : work) {
                each.get();
            }
            pool.shutdown();
            storage.flush();
            assertThat(read(storage, 0, SIZE)).isEqualTo(expected);
        }
        assertThat(Files.readAllBytes(file)).isEqualTo(expected);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 512, 4096})
    void takesAnyAlignment(int alignment) throws IOException {
        byte[] expected = Files.readAllBytes(file);
        String options = "driver=blkdebug,align=" + alignment + ",image.driver=file,image.filename=" + file;
        try (QemuNbd server = QemuNbd.start(folder, "disk", "--image-opts", options);
                Storage storage = open(server, true)) {
            assertThat(storage.limits().requestAlignment()).isEqualTo(alignment);
            Random random = new Random(alignment);
            for (int i = 0; i < 100; i++) {
                int length = 1 + random.nextInt(10_000);
                int offset = random.nextInt(SIZE - length);
                byte[] bytes = new byte[length];
                random.nextBytes(bytes);
                storage.write(ByteBuffer.wrap(bytes), offset);
                System.arraycopy(bytes, 0, expected, offset, length);
                assertThat(read(storage, Math.max(0, offset - 10), 20))
                        .isEqualTo(
                                Arrays.copyOfRange(expected, Math.max(0, offset - 10), Math.max(0, offset - 10) + 20));
            }
            assertThat(read(storage, 0, SIZE)).isEqualTo(expected);
        }
        assertThat(Files.readAllBytes(file)).isEqualTo(expected);
    }

    @Test
    void readsZeroesPastTheEndAndDoesNotGrow() throws IOException {
        try (QemuNbd server = serve();
                Storage storage = open(server, true)) {
            assertThat(read(storage, SIZE - 1, 3)).endsWith(0, 0);
            assertThat(read(storage, 5L * SIZE, 3)).containsOnly(0);
            refused(ErrorKind.NO_SPACE, () -> storage.write(ByteBuffer.allocate(2), SIZE - 1));
            refused(ErrorKind.NO_SPACE, () -> storage.truncate(SIZE + 1));
            refused(ErrorKind.UNSUPPORTED, () -> storage.truncate(SIZE - 1));
            storage.truncate(SIZE);
            storage.write(ByteBuffer.allocate(0), 5L * SIZE);
            assertThat(storage.growsWithZeroes()).isFalse();
            assertThat(storage.allocatedSize()).isEqualTo(Storage.UNKNOWN_SIZE);
        }
    }

    @Test
    void zeroesPunchesAndTellsHoles() throws IOException {
        try (QemuNbd server = serve("--discard=unmap");
                Storage storage = open(server, true)) {
            assertThat(storage.zero(0, 1 << 20, false)).isEqualTo(Outcome.DONE);
            assertThat(read(storage, 0, 1 << 20)).containsOnly(0);
            assertThat(storage.zero((2 << 20) + 1, 100, true)).isEqualTo(Outcome.DONE);
            assertThat(read(storage, (2 << 20) + 1, 100)).containsOnly(0);
            if (storage.punch(2 << 20, 1 << 20) == Outcome.DONE) {
                assertThat(read(storage, 2 << 20, 1 << 20)).containsOnly(0);
            }
            storage.discard(0, SIZE);
            HostExtent all = storage.extentAt(0, SIZE);
            assertThat(all.hostOffset()).isZero();
            assertThat(all.length()).isBetween(1L, (long) SIZE);
            assertThat(storage.extentAt(2L * SIZE, 5)).isEqualTo(new HostExtent(2L * SIZE, 5, true));
        }
    }

    @Test
    void showsAnotherContextInPlaceOfWhatIsAllocated() throws IOException {
        QemuOracle oracle = QemuOracle.assumeVersion(10);
        Path overlay = folder.resolve("overlay.qcow2");
        oracle.img("create", "-q", "-f", "qcow2", "-F", "raw", "-b", file, overlay)
                .expectExit(0);
        oracle.ioCommands("qcow2", overlay, "write 1M 64k");
        oracle.img("bitmap", "--add", overlay, "b").expectExit(0);
        oracle.ioCommands("qcow2", overlay, "write 2M 64k");
        oracle.img("bitmap", "--disable", overlay, "b").expectExit(0);
        try (QemuNbd server = QemuNbd.start(folder, "q", "-r", "-f", "qcow2", "-A", "-B", "b", overlay)) {
            DottedOptions depth = DottedOptions.EMPTY.with("x-dirty-bitmap", Transmission.ALLOCATION_DEPTH);
            try (Storage storage = open(server, false, depth)) {
                assertThat(storage.extentAt(0, SIZE)).isEqualTo(new HostExtent(0, 1 << 20, true, true));
                assertThat(storage.extentAt(1 << 20, SIZE / 2))
                        .isEqualTo(new HostExtent(1 << 20, 1 << 16, false, false));
            }
            DottedOptions bitmap = DottedOptions.EMPTY.with("x-dirty-bitmap", Transmission.DIRTY_BITMAP_PREFIX + "b");
            try (Storage storage = open(server, false, bitmap)) {
                assertThat(storage.extentAt(0, SIZE)).isEqualTo(new HostExtent(0, 2 << 20, true, false));
                assertThat(storage.extentAt((2 << 20) + 5, 7))
                        .isEqualTo(new HostExtent((2 << 20) + 5, 7, false, false));
            }
            DottedOptions other = DottedOptions.EMPTY.with("x-dirty-bitmap", "qemu:dirty-bitmap:none");
            refused(ErrorKind.BAD_OPTION, () -> open(server, false, other));
        }
    }

    @Test
    void aReadOnlyExportIsRefusedForWritingAndAnyIsWhereItWasNotAskedFor() throws IOException {
        try (QemuNbd server = serve("-r")) {
            refused(ErrorKind.PERMISSION, () -> open(server, true));
            try (Storage storage = open(server, false)) {
                assertThat(storage.readOnly()).isTrue();
                refused(ErrorKind.READ_ONLY, () -> storage.write(ByteBuffer.allocate(1), 0));
                refused(ErrorKind.READ_ONLY, () -> storage.zero(0, 1, false));
                refused(ErrorKind.READ_ONLY, () -> storage.punch(0, 1));
                refused(ErrorKind.READ_ONLY, () -> storage.discard(0, 1));
                refused(ErrorKind.READ_ONLY, () -> storage.truncate(0));
                storage.flush();
            }
        }
    }

    @Test
    void isTheSameUnderTheSameNameAndClosedForGood() throws IOException {
        try (QemuNbd server = serve("-x", "")) {
            Storage first = open(server, false);
            Storage second = open(server, false);
            assertThat(first.identity()).isEqualTo(second.identity());
            first.close();
            first.close();
            refused(ErrorKind.CLOSED, first::size);
            refused(ErrorKind.CLOSED, () -> first.read(ByteBuffer.allocate(1), 0));
            refused(ErrorKind.CLOSED, first::flush);
            second.close();
        }
    }

    @Test
    void allRequestsFailOnceTheServerIsGone() throws IOException {
        QemuNbd server = serve();
        try (Storage storage = open(server, true)) {
            server.kill();
            refused(ErrorKind.IO, () -> read(storage, 0, 1));
            refused(ErrorKind.IO, () -> storage.write(ByteBuffer.allocate(100), 0));
            refused(ErrorKind.IO, storage::flush);
        }
    }

    @Test
    void waitsForAServerThatComesBackWhereItWasToldTo() throws Exception {
        byte[] expected = Files.readAllBytes(file);
        QemuNbd first = serve();
        try (Storage storage = open(
                first, true, DottedOptions.EMPTY.with("reconnect-delay", "60").with("open-timeout", "1"))) {
            assertThat(read(storage, 0, 100)).isEqualTo(Arrays.copyOf(expected, 100));
            first.kill();
            ExecutorService pool = Executors.newFixedThreadPool(3);
            List<Future<byte[]>> reads = IntStream.range(0, 3)
                    .mapToObj(i -> pool.submit(() -> read(storage, i * 1000L, 1000)))
                    .toList();
            try (QemuNbd second = serve()) {
                for (int i = 0; i < 3; i++) {
                    assertThat(reads.get(i).get()).isEqualTo(Arrays.copyOfRange(expected, i * 1000, i * 1000 + 1000));
                }
                storage.write(ByteBuffer.wrap(new byte[] {1, 2, 3}), 0);
                assertThat(second.address()).isEqualTo(first.address());
            }
            pool.shutdown();
        }
    }

    @Test
    void negotiatesAllThatTheServerHas() throws IOException {
        try (QemuNbd server = serve();
                NbdClient client = NbdClient.connect(server.address(), "", List.of(Transmission.BASE_ALLOCATION))) {
            assertThat(client.info().replies()).isEqualTo(Replies.EXTENDED);
            assertThat(client.info().contexts()).hasSize(1);
            assertThat(client.info().size()).isEqualTo(SIZE);
            client.write(ByteBuffer.wrap(new byte[] {5}), 17, true);
            client.writeZeroes(20, 5, true, false, true);
            ByteBuffer read = ByteBuffer.allocate(1);
            client.read(read, 17);
            assertThat(read.get(0)).isEqualTo((byte) 5);
            assertThatThrownBy(() -> client.read(ByteBuffer.allocate(10), SIZE - 5))
                    .isInstanceOf(ImageException.class)
                    .hasMessage("Invalid argument");
            client.flush();
        }
    }

    @Test
    void saysWhyAnExportCannotBeHad() throws IOException {
        try (QemuNbd server = serve("-x", "disk")) {
            assertThatThrownBy(() -> NbdClient.connect(server.address(), "other", List.of()))
                    .hasMessage("Requested export not available\nserver reported: export 'other' not present");
        }
        assertThatThrownBy(() -> NbdClient.connect(new NbdAddress.Unix(folder + "/none"), "", List.of()))
                .hasMessage("Failed to connect to '" + folder + "/none': No such file or directory");
    }

    private static byte[] read(Storage storage, long offset, int length) throws IOException {
        ByteBuffer buffer = ByteBuffer.allocate(length);
        storage.read(buffer, offset);
        assertThat(buffer.hasRemaining()).isFalse();
        return buffer.array();
    }

    private static void refused(ErrorKind kind, ThrowingCallable call) {
        assertThatThrownBy(call)
                .isInstanceOfSatisfying(
                        ImageException.class,
                        refusal -> assertThat(refusal.kind()).isEqualTo(kind));
    }
}
