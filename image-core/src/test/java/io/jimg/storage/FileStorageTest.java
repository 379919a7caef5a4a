package io.jimg.storage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.jimg.CacheMode;
import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.Options;
import io.jimg.host.file.HostFile;
import io.jimg.spi.ProtocolDriver;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

@Tag("quick")
class FileStorageTest {
    private static final FileProtocol FILE = new FileProtocol();

    @TempDir
    Path folder;

    @Test
    void speaksOfFilesThatCannotBeOpenedAsQemuDoes() throws IOException {
        Path missing = folder.resolve("missing");
        fails(
                () -> open(missing, false),
                ErrorKind.NOT_FOUND,
                "Could not open '" + missing + "': No such file or directory");
        fails(
                () -> open(folder, false),
                ErrorKind.UNSUPPORTED,
                "'file' driver requires '" + folder + "' to be a regular file");
        Path below = Files.createFile(folder.resolve("file")).resolve("below");
        fails(() -> open(below, false), ErrorKind.NOT_FOUND, "Could not open '" + below + "': Not a directory");
        fails(() -> create(below), ErrorKind.NOT_FOUND, "Could not create '" + below + "': Not a directory");
        Path loop = Files.createSymbolicLink(folder.resolve("loop"), Path.of("loop"));
        fails(
                () -> open(loop, false),
                ErrorKind.IO,
                "Could not open '" + loop + "': Too many levels of symbolic links");
        fails(() -> create(folder), ErrorKind.IO, "Could not create '" + folder + "': Is a directory");
        fails(
                () -> new HostDeviceProtocol().open(options(folder.resolve("file")), mode(false, CacheMode.WRITEBACK)),
                ErrorKind.UNSUPPORTED,
                "'host_device' driver requires '" + folder.resolve("file")
                        + "' to be either a character or block device");
    }

    @Test
    void doesNotOverstepPermissions() throws IOException {
        Path file = Files.createFile(folder.resolve("a"));
        assumeTrue(file.toFile().setReadOnly() && !Files.isWritable(file), "this user may do everything");
        fails(() -> open(file, true), ErrorKind.PERMISSION, "Could not open '" + file + "': Permission denied");
        fails(() -> create(file), ErrorKind.PERMISSION, "Could not create '" + file + "': Permission denied");
    }

    @Test
    void tellsAFullDisk() throws IOException {
        Path full = Path.of("/dev/full");
        assumeTrue(Files.isWritable(full), "no /dev/full here");
        try (Storage storage = open(full, true)) {
            fails(() -> storage.write(ByteBuffer.allocate(10), 0), ErrorKind.NO_SPACE, "No space left on device");
            fails(() -> storage.truncate(10), ErrorKind.NO_SPACE, "Cannot grow device files");
            assertThat(storage.growsWithZeroes()).isFalse();
            assertThat(storage.protocol()).isEqualTo("host_device");
        }
    }

    @Test
    void staysOpenWhenAThreadIsInterrupted() throws IOException {
        try (Storage storage = create(folder.resolve("a"))) {
            Thread.currentThread().interrupt();
            storage.write(ByteBuffer.wrap(new byte[] {1, 2, 3}), 5);
            ByteBuffer read = ByteBuffer.allocate(3);
            storage.read(read, 5);
            storage.truncate(100);
            storage.flush();
            assertThat(Thread.interrupted()).isTrue();
            assertThat(read.array()).containsExactly(1, 2, 3);
            assertThat(storage.size()).isEqualTo(100);
        }
    }

    @Test
    void growsWithoutWriting() throws IOException {
        Path file = folder.resolve("a");
        try (Storage storage = create(file)) {
            storage.truncate(1L << 40);
            assertThat(storage.size()).isEqualTo(1L << 40);
            assertThat(storage.zero(1L << 41, 1L << 41, false)).isEqualTo(Outcome.DONE);
            assertThat(storage.size()).isEqualTo(1L << 42);
            assertThat(Files.getFileStore(file).getUsableSpace()).isLessThan(1L << 42);
            ByteBuffer end = ByteBuffer.allocate(20).putInt(0, -1);
            storage.read(end, (1L << 42) - 10);
            assertThat(end.array()).containsOnly(0);
            storage.truncate(10);
            assertThat(storage.size()).isEqualTo(10);
        }
    }

    @Test
    void knowsHolesWhereTheHostTells() throws IOException {
        int block = 1 << 20;
        try (Storage storage = create(folder.resolve("a"))) {
            storage.write(ByteBuffer.allocate(block).put(0, (byte) 1), block);
            storage.truncate(3 * block);
            if (!HostFile.isAvailable()) {
                assertThat(storage.extentAt(0, 5 * block)).isEqualTo(new HostExtent(0, 3 * block, false));
                assertThat(storage.punch(block, block)).isEqualTo(Outcome.UNSUPPORTED);
                assertThat(storage.allocatedSize()).isIn((long) block, 3L * block);
            } else {
                assertThat(storage.extentAt(0, 5 * block)).isEqualTo(new HostExtent(0, block, true));
                assertThat(storage.extentAt(10, 20)).isEqualTo(new HostExtent(10, 20, true));
                assertThat(storage.extentAt(block + 10, 5 * block))
                        .isEqualTo(new HostExtent(block + 10, block - 10, false));
                assertThat(storage.extentAt(2 * block, block)).isEqualTo(new HostExtent(2 * block, block, true));
                assertThat(storage.allocatedSize()).isEqualTo(block);
                // What was found to be data is not taken for it for ever.
                assertThat(storage.punch(block, block)).isEqualTo(Outcome.DONE);
                assertThat(storage.extentAt(block + 10, 5)).isEqualTo(new HostExtent(block + 10, 5, true));
                assertThat(storage.allocatedSize()).isZero();
                assertThat(storage.allocate(0, 4 * block)).isEqualTo(Outcome.DONE);
                assertThat(storage.allocatedSize()).isEqualTo(4 * block);
                assertThat(storage.size()).isEqualTo(4 * block);
            }
            assertThat(storage.extentAt(7 * block, 5)).isEqualTo(new HostExtent(7 * block, 5, true));
            assertThat(storage.punch(100 * block, block)).isEqualTo(Outcome.DONE);
        }
    }

    @Test
    void copiesWithinTheHostOrSaysThatItCannot() throws IOException {
        byte[] content = new byte[100_000];
        new Random(1).nextBytes(content);
        Files.write(folder.resolve("a"), content);
        try (Storage source = open(folder.resolve("a"), false);
                Storage target = create(folder.resolve("b"))) {
            Outcome outcome = target.copyFrom(source, 1000, 5, 99_000);
            if (outcome == Outcome.DONE) {
                ByteBuffer read = ByteBuffer.allocate(99_000);
                target.read(read, 5);
                assertThat(read.array()).isEqualTo(Arrays.copyOfRange(content, 1000, 100_000));
            }
            assertThat(target.copyFrom(source, 1000, 5, 99_001)).isEqualTo(Outcome.UNSUPPORTED);
            assertThat(target.copyFrom(new MemoryStorage("m"), 0, 0, 1)).isEqualTo(Outcome.UNSUPPORTED);
        }
    }

    /**
     * Of a file with random requests of any alignment the bytes are the same as of an array, whichever way they take.
     */
    @ParameterizedTest
    @EnumSource(names = {"WRITEBACK", "NONE"})
    void isAFileLikeAnArray(CacheMode cache) throws IOException {
        Random random = new Random(7);
        byte[] model = new byte[300_000];
        int size = 0;
        Path file = folder.resolve("a");
        try (Storage storage = FILE.create(options(file), mode(true, cache))) {
            for (int step = 0; step < 400; step++) {
                int unit = random.nextBoolean() ? 1 : 4096;
                int from = random.nextInt(model.length / unit) * unit;
                int length = Math.min((1 + random.nextInt(60_000 / unit)) * unit, model.length - from);
                boolean direct = random.nextBoolean();
                ByteBuffer buffer = direct ? ByteBuffer.allocateDirect(length + 1) : ByteBuffer.allocate(length + 1);
                int shift = random.nextInt(2);
                switch (random.nextInt(4)) {
                    case 0, 1 -> {
                        byte[] bytes = new byte[length];
                        random.nextBytes(bytes);
                        storage.write(buffer.put(shift, bytes).position(shift).limit(shift + length), from);
                        System.arraycopy(bytes, 0, model, from, length);
                        size = Math.max(size, from + length);
                    }
                    case 2 -> {
                        if (storage.zero(from, length, random.nextBoolean()) == Outcome.DONE) {
                            Arrays.fill(model, from, from + length, (byte) 0);
                            size = Math.max(size, from + length);
                        }
                    }
                    default -> {
                        storage.read(buffer.position(shift).limit(shift + length), from);
                        assertThat(buffer.hasRemaining()).isFalse();
                        byte[] bytes = new byte[length];
                        buffer.get(shift, bytes);
                        assertThat(bytes).isEqualTo(Arrays.copyOfRange(model, from, from + length));
                    }
                }
                assertThat(storage.size()).isEqualTo(size);
            }
            storage.flush();
        } catch (ImageException failure) {
            assumeTrue(
                    cache == CacheMode.WRITEBACK || !failure.getMessage().endsWith("Invalid argument"),
                    "no O_DIRECT here");
            throw failure;
        }
        assertThat(Files.readAllBytes(file)).isEqualTo(Arrays.copyOf(model, size));
    }

    /** Two writes that share a page but no byte both survive, beside the page cache and through it. */
    @Test
    void neighboursInOnePageBothSurvive() throws IOException, InterruptedException, ExecutionException {
        Path file = folder.resolve("a");
        int rounds = 300;
        ExecutorService threads = Executors.newFixedThreadPool(2);
        try (Storage storage = FILE.create(options(file), mode(true, CacheMode.NONE))) {
            storage.truncate(4096L * rounds);
            int aligned = storage.limits().requestAlignment();
            assumeTrue(aligned < 4096, "one page is one sector");
            Future<?> first = threads.submit(() -> {
                for (int i = 0; i < rounds; i++) {
                    storage.write(filled(aligned, 1), 4096L * i);
                }
                return null;
            });
            Future<?> second = threads.submit(() -> {
                for (int i = 0; i < rounds; i++) {
                    storage.write(filled(4096 - aligned - 1, 2), 4096L * i + aligned + 1);
                }
                return null;
            });
            first.get();
            second.get();
            byte[] page = new byte[4096];
            Arrays.fill(page, 0, aligned, (byte) 1);
            Arrays.fill(page, aligned + 1, 4096, (byte) 2);
            for (int i = 0; i < rounds; i++) {
                ByteBuffer read = ByteBuffer.allocate(4096);
                storage.read(read, 4096L * i);
                assertThat(read.array()).isEqualTo(page);
            }
        } finally {
            threads.shutdown();
        }
    }

    /** A file that is made longer by one thread keeps what another writes behind its end meanwhile. */
    @Test
    void growingLosesNothing() throws IOException, InterruptedException, ExecutionException {
        ExecutorService threads = Executors.newFixedThreadPool(2);
        int rounds = 2000;
        try (Storage storage = create(folder.resolve("a"))) {
            Future<?> writer = threads.submit(() -> {
                for (int i = 1; i <= rounds; i++) {
                    storage.write(filled(10, 1), 1000L * i);
                }
                return null;
            });
            Future<?> grower = threads.submit(() -> {
                for (int i = 1; i <= rounds; i++) {
                    storage.zero(storage.size(), 5, false);
                }
                return null;
            });
            writer.get();
            grower.get();
            assertThat(storage.size()).isGreaterThanOrEqualTo(1000L * rounds + 10);
        } finally {
            threads.shutdown();
        }
    }

    @Test
    void sharesAsItsPartnerAllows() throws IOException {
        Path file = Files.createFile(folder.resolve("a"));
        try (Storage writer = open(file, true);
                Storage reader = open(file, false);
                Storage forced = FILE.open(options(file), new ProtocolDriver.Mode(false, CacheMode.WRITEBACK, false))) {
            writer.share(Sharing.ofMetadata(true, false));
            refusedSharing(reader, Sharing.ofMetadata(false, false), "Failed to get shared \"write\" lock");
            refusedSharing(reader, Sharing.ofMetadata(false, true), "Failed to get shared \"write\" lock");
            reader.share(Sharing.ofBytes(false, false));
            forced.share(Sharing.ofMetadata(false, false));
            refusedSharing(reader, Sharing.ofMetadata(false, false), "Failed to get shared \"write\" lock");
            fails(
                    () -> create(file),
                    ErrorKind.LOCKED,
                    "Failed to get \"write\" lock\nIs another process using the image [" + file + "]?");

            writer.share(Sharing.ofBytes(true, false));
            reader.share(Sharing.ofBytes(false, true));
            refusedSharing(
                    reader,
                    Sharing.ofBytes(false, false).denying(Permission.WRITE),
                    "Failed to get shared \"write\" lock");
            writer.share(Sharing.ofBytes(false, false));
            reader.share(Sharing.ofMetadata(false, false));
            refusedSharing(writer, Sharing.ofMetadata(true, false), "Failed to get \"write\" lock");
        }
    }

    @Test
    void creatingAFileThatIsLockedLeavesItAsItWas() throws IOException {
        Path file = Files.writeString(folder.resolve("a"), "content");
        try (Storage reader = open(file, false)) {
            reader.share(Sharing.ofMetadata(false, false));
            fails(() -> create(file), ErrorKind.LOCKED, null);
        }
        assertThat(file).hasContent("content");
        create(file).close();
        assertThat(file).isEmptyFile();
    }

    @Test
    void tellsFilesByIdentityAndNotByName() throws IOException {
        Path file = Files.createFile(folder.resolve("a"));
        Path link = Files.createLink(folder.resolve("b"), file);
        Path other = Files.createFile(folder.resolve("c"));
        try (Storage one = open(file, false);
                Storage two = open(link, false);
                Storage three = open(other, false)) {
            assertThat(one.identity()).isEqualTo(two.identity()).isNotEqualTo(three.identity());
            assertThat(one.name()).isEqualTo(file.toString());
        }
    }

    @Test
    void refusesToWriteWhatIsOnlyReadAndToUseWhatIsClosed() throws IOException {
        Storage storage = open(Files.writeString(folder.resolve("a"), "x"), false);
        fails(() -> storage.write(ByteBuffer.allocate(1), 0), ErrorKind.READ_ONLY, null);
        fails(() -> storage.truncate(0), ErrorKind.READ_ONLY, null);
        fails(() -> storage.punch(0, 1), ErrorKind.READ_ONLY, null);
        storage.flush();
        storage.close();
        storage.close();
        fails(() -> storage.read(ByteBuffer.allocate(1), 0), ErrorKind.CLOSED, null);
        fails(storage::size, ErrorKind.CLOSED, null);
    }

    @Test
    void readsOptionsAsQemuDoes() throws IOException {
        fails(
                () -> FILE.schema().parse(FILE.parseName("file:a").with("locking", "bad")),
                ErrorKind.BAD_OPTION,
                "invalid parameter value: bad");
        assertThat(FILE.nameOf(FILE.schema().parse(FILE.parseName("file:a:b")))).isEqualTo("./a:b");
        fails(
                () -> FILE.open(
                        options(folder.resolve("a")).with(FileProtocol.AIO, "native"),
                        mode(false, CacheMode.WRITEBACK)),
                ErrorKind.BAD_OPTION,
                "aio=native was specified, but it requires cache.direct=on, which was not specified.");
        fails(
                () -> FILE.open(options(Path.of("")), mode(false, CacheMode.WRITEBACK)),
                ErrorKind.BAD_OPTION,
                "The 'file' block driver requires a file name");
    }

    @Test
    void deletesFilesAlone() throws IOException {
        Path file = Files.createFile(folder.resolve("a"));
        FILE.delete(options(file));
        FILE.delete(options(file));
        FILE.delete(options(folder));
        assertThat(file).doesNotExist();
        assertThat(folder).exists();
    }

    private static void refusedSharing(Storage storage, Sharing sharing, String sentence) {
        fails(
                () -> storage.share(sharing),
                ErrorKind.LOCKED,
                sentence + "\nIs another process using the image [" + storage.name() + "]?");
    }

    private static void fails(ThrowingCallable call, ErrorKind kind, @Nullable String message) {
        assertThatThrownBy(call).isInstanceOfSatisfying(ImageException.class, failure -> {
            assertThat(failure.kind()).as(failure.getMessage()).isEqualTo(kind);
            if (message != null) {
                assertThat(failure).hasMessage(message);
            }
        });
    }

    private static ByteBuffer filled(int length, int value) {
        byte[] bytes = new byte[length];
        Arrays.fill(bytes, (byte) value);
        return ByteBuffer.wrap(bytes);
    }

    private static Storage open(Path file, boolean writable) throws IOException {
        return FILE.open(options(file), mode(writable, CacheMode.WRITEBACK));
    }

    private static Storage create(Path file) throws IOException {
        return FILE.create(options(file), mode(true, CacheMode.WRITEBACK));
    }

    private static ProtocolDriver.Mode mode(boolean writable, CacheMode cache) {
        return new ProtocolDriver.Mode(writable, cache, true);
    }

    private static Options options(Path file) throws ImageException {
        return FILE.schema().parse(FILE.parseName("file:" + file));
    }
}
