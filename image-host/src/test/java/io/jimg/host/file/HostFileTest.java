package io.jimg.host.file;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.jimg.host.Errno;
import io.jimg.host.HostException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ReadOnlyBufferException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.FileChannel;
import java.nio.channels.NonWritableChannelException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Arrays;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HostFileTest {
    private static final int BLOCK = 64 << 10;

    @TempDir
    Path folder;

    /** The jar on a Java that can make the host's calls must make them; everything else must say that it can't. */
    @Test
    @Tag("quick")
    void isHereWhereItCanBe() throws IOException {
        boolean fromJar =
                HostFile.class.getResource("HostFile.class").getProtocol().equals("jar");
        boolean known = System.getProperty("os.name").equals("Linux")
                && System.getProperty("os.arch").matches("amd64|aarch64");
        boolean expected = fromJar && known && Runtime.version().feature() >= 22;
        assertThat(HostFile.isAvailable()).isEqualTo(expected);
        Path file = Files.writeString(folder.resolve("a"), "x");
        try (HostFile host = HostFile.open(file, false).orElse(null)) {
            assertThat(host != null).isEqualTo(expected);
        }
    }

    /** What a file system makes of hints differs; none fails, and the file is as it was. */
    @Test
    void takesHints() throws IOException {
        Path path = Files.createFile(folder.resolve("hinted"));
        try (HostFile host = open(path, true)) {
            assertThat(FileHints.extentSize(host, 1 << 20)).isIn(Outcome.DONE, Outcome.UNSUPPORTED);
            assertThat(FileHints.noCopyOnWrite(host)).isIn(Outcome.DONE, Outcome.UNSUPPORTED);
            assertThatThrownBy(() -> FileHints.extentSize(host, 1L << 32)).isInstanceOf(IllegalArgumentException.class);
        }
        assertThat(path).isEmptyFile();
    }

    @Test
    void findsDataAndHoles() throws IOException {
        Path file = sparse(BLOCK, 3 * BLOCK, "data");
        try (HostFile host = open(file, false)) {
            assertThat(host.nextData(0)).hasValue(BLOCK);
            assertThat(host.nextHole(0)).isZero();
            assertThat(host.nextData(BLOCK + 1)).hasValue(BLOCK + 1);
            assertThat(host.nextHole(BLOCK)).isGreaterThan(BLOCK).isLessThanOrEqualTo(2 * BLOCK);
            assertThat(host.nextData(2 * BLOCK)).isEmpty();
            assertThat(host.nextData(3 * BLOCK)).isEmpty();
            assertThat(host.nextHole(3 * BLOCK)).isEqualTo(3 * BLOCK);
            assertThat(host.nextHole(5 * BLOCK)).isEqualTo(5 * BLOCK);
            assertThat(host.allocatedSize()).isBetween(1L, (long) BLOCK);
        }
    }

    @Test
    void punchesAHole() throws IOException {
        Path file = filled(4 * BLOCK);
        try (HostFile host = open(file, true)) {
            long before = host.allocatedSize();
            assertThat(host.punchHole(BLOCK, BLOCK)).isEqualTo(Outcome.DONE);
            assertThat(host.allocatedSize()).isEqualTo(before - BLOCK);
            assertThat(host.nextHole(0)).isEqualTo(BLOCK);
            assertThat(host.punchHole(3 * BLOCK, 100L * BLOCK)).isEqualTo(Outcome.DONE);
            assertThat(host.punchHole(0, 0)).isEqualTo(Outcome.DONE);
        }
        byte[] expected = new byte[4 * BLOCK];
        Arrays.fill(expected, (byte) 7);
        Arrays.fill(expected, BLOCK, 2 * BLOCK, (byte) 0);
        Arrays.fill(expected, 3 * BLOCK, 4 * BLOCK, (byte) 0);
        assertThat(Files.readAllBytes(file)).isEqualTo(expected);
    }

    @Test
    void zeroesWithinAllocatedSpaceOrSaysThatItCant() throws IOException {
        Path file = filled(2 * BLOCK);
        Outcome outcome;
        try (HostFile host = open(file, true)) {
            long before = host.allocatedSize();
            outcome = host.zeroRange(100, BLOCK);
            assertThat(host.allocatedSize()).isGreaterThanOrEqualTo(before);
        }
        byte[] expected = new byte[2 * BLOCK];
        Arrays.fill(expected, (byte) 7);
        if (outcome == Outcome.DONE) {
            Arrays.fill(expected, 100, 100 + BLOCK, (byte) 0);
        } else {
            assertThat(outcome).isEqualTo(Outcome.UNSUPPORTED);
        }
        assertThat(Files.readAllBytes(file)).isEqualTo(expected);
    }

    @Test
    void reservesSpaceAndGrows() throws IOException {
        Path file = filled(10);
        try (HostFile host = open(file, true)) {
            assertThat(host.allocate(0, 3 * BLOCK)).isEqualTo(Outcome.DONE);
            assertThat(host.allocatedSize()).isGreaterThanOrEqualTo(3 * BLOCK);
        }
        assertThat(Files.size(file)).isEqualTo(3 * BLOCK);
        assertThat(Arrays.copyOf(Files.readAllBytes(file), 12)).containsExactly(7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 0, 0);
    }

    @Test
    void growsAndShrinks() throws IOException {
        Path file = filled(10);
        try (HostFile host = open(file, true)) {
            host.truncate(1L << 40);
            assertThat(Files.size(file)).isEqualTo(1L << 40);
            assertThat(host.allocatedSize()).isLessThan(BLOCK);
            host.truncate(3);
        }
        assertThat(Files.readAllBytes(file)).containsExactly(7, 7, 7);
    }

    @Test
    void copiesARangeOrSaysThatItCant() throws IOException {
        Path from = filled(2 * BLOCK);
        Path to = Files.createFile(folder.resolve("to"));
        try (HostFile source = open(from, false);
                HostFile target = open(to, true)) {
            long copied = target.copyRangeFrom(source, BLOCK, 10, BLOCK).orElse(-1);
            if (copied >= 0) {
                assertThat(copied).isPositive();
                assertThat(Files.size(to)).isEqualTo(10 + copied);
                assertThat(target.copyRangeFrom(source, 2 * BLOCK, 10, BLOCK)).hasValue(0);
            } else {
                assertThat(Files.size(to)).isZero();
            }
            Outcome clone = target.cloneFrom(source);
            assertThat(clone).isNotEqualTo(Outcome.CROSS_DEVICE);
            if (clone == Outcome.DONE) {
                assertThat(to).hasSameBinaryContentAs(from);
            }
            assertThat(target.cloneRangeFrom(source, 1, 3, 5)).isEqualTo(Outcome.UNSUPPORTED);
        }
    }

    @Test
    void tellsCrossDeviceFromUnsupported() throws IOException {
        Path memory = Path.of("/dev/shm");
        assumeTrue(Files.isWritable(memory) && !Files.getFileStore(memory).equals(Files.getFileStore(folder)));
        Path other = Files.createTempFile(memory, "jimg", "");
        try (HostFile source = open(other, false);
                HostFile target = open(filled(BLOCK), true)) {
            assertThat(target.cloneFrom(source)).isEqualTo(Outcome.CROSS_DEVICE);
        } finally {
            Files.delete(other);
        }
    }

    @Test
    void opensNamesThatAreNoText() throws IOException {
        Path file = Files.writeString(folder.resolve("100% ü\nsp ace#?"), "x");
        try (HostFile host = open(file, false)) {
            assertThat(Files.readString(host.reopenPath())).isEqualTo("x");
        }
    }

    @Test
    void isTheSameFileAfterItsNameIsAnothers() throws IOException {
        Path file = Files.writeString(folder.resolve("a"), "old");
        Object key = Files.readAttributes(file, BasicFileAttributes.class).fileKey();
        try (HostFile host = open(file, false)) {
            Files.move(file, folder.resolve("b"));
            Files.writeString(file, "new");
            assertThat(host.fileKey()).isEqualTo(key);
            assertThat(Files.readString(host.reopenPath())).isEqualTo("old");
        }
    }

    @Test
    void failsWithTheHostsWords() {
        assumeTrue(HostFile.isAvailable(), "the host's calls can't be made here");
        assertThatThrownBy(() -> open(folder.resolve("missing"), false))
                .isInstanceOfSatisfying(HostException.class, failure -> {
                    assertThat(failure.errno()).isEqualTo(Errno.ENOENT);
                    assertThat(failure.getReason()).isEqualTo("No such file or directory");
                    assertThat(failure.getFile()).endsWith("missing");
                });
        assertThatThrownBy(() -> open(folder, true)).hasMessageEndingWith("Is a directory");
    }

    @Test
    void refusesWhatItCannotDo() throws IOException {
        HostFile host = open(filled(10), false);
        assertThatThrownBy(() -> host.punchHole(0, 5)).isInstanceOf(NonWritableChannelException.class);
        assertThatThrownBy(() -> host.nextData(-1)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> host.punchHole(1, Long.MAX_VALUE)).isInstanceOf(IllegalArgumentException.class);
        assertThat(host.deviceGeometry()).isEmpty();
        host.close();
        host.close();
        assertThatThrownBy(() -> host.nextData(0)).isInstanceOf(ClosedChannelException.class);
    }

    @Test
    void readsAndWritesWhereItIsTold() throws IOException {
        Path file = filled(BLOCK);
        try (HostFile host = open(file, true)) {
            ByteBuffer source = ByteBuffer.allocateDirect(8).putLong(0, 0x0102030405060708L);
            source.position(2).limit(7);
            assertThat(host.write(source, BLOCK - 1)).isEqualTo(5);
            assertThat(source.position()).isEqualTo(7);
            assertThat(Files.size(file)).isEqualTo(BLOCK + 4);

            ByteBuffer destination = ByteBuffer.allocateDirect(16).position(3);
            assertThat(host.read(destination, BLOCK - 1)).as("up to the end").isEqualTo(5);
            assertThat(destination.position()).isEqualTo(8);
            byte[] read = new byte[5];
            destination.get(3, read);
            assertThat(read).containsExactly(3, 4, 5, 6, 7);
            assertThat(host.read(destination, BLOCK + 4)).as("at the end").isZero();

            assertThatThrownBy(() -> host.read(destination.asReadOnlyBuffer(), 0))
                    .isInstanceOf(ReadOnlyBufferException.class);
            assertThatThrownBy(() -> host.read(ByteBuffer.allocate(8), 0)).isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> host.write(ByteBuffer.allocate(8), 0))
                    .isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> host.read(destination, -1)).isInstanceOf(IllegalArgumentException.class);
        }
        try (HostFile host = open(file, false)) {
            assertThatThrownBy(() -> host.write(ByteBuffer.allocateDirect(1), 0))
                    .isInstanceOf(NonWritableChannelException.class);
        }
    }

    /** A closed descriptor's number is the next file's; a reader that comes late must not read that. */
    @Test
    void neverReadsAnotherFileAfterItWasClosed() throws Exception {
        Path one = Files.write(folder.resolve("one"), new byte[] {1});
        Path two = Files.write(folder.resolve("two"), new byte[] {2});
        ExecutorService readers = Executors.newFixedThreadPool(2);
        try {
            for (int round = 0; round < 200; round++) {
                HostFile host = open(one, false);
                CountDownLatch reading = new CountDownLatch(2);
                Callable<Integer> reader = () -> {
                    ByteBuffer buffer = ByteBuffer.allocateDirect(1);
                    reading.countDown();
                    while (true) {
                        try {
                            host.read(buffer.clear(), 0);
                        } catch (ClosedChannelException expected) {
                            return 0;
                        }
                        if (buffer.get(0) != 1) {
                            return (int) buffer.get(0);
                        }
                    }
                };
                Future<Integer> first = readers.submit(reader);
                Future<Integer> second = readers.submit(reader);
                reading.await();
                host.close();
                try (HostFile other = open(two, false)) {
                    assertThat(other.isWritable()).isFalse();
                    assertThat(first.get()).isZero();
                    assertThat(second.get()).isZero();
                }
            }
        } finally {
            readers.shutdownNow();
        }
    }

    @Test
    void knowsTheAlignmentOfDirectIo() throws IOException {
        try (HostFile host = open(filled(BLOCK), false)) {
            host.directAlignment().ifPresent(alignment -> {
                assertThat(Integer.bitCount(alignment.offset())).isOne();
                assertThat(Integer.bitCount(alignment.memory())).isOne();
            });
        }
    }

    private static HostFile open(Path file, boolean writable) throws IOException {
        Optional<HostFile> host = HostFile.open(file, writable);
        assumeTrue(host.isPresent(), "the host's calls can't be made here");
        return host.get();
    }

    private Path filled(int size) throws IOException {
        byte[] content = new byte[size];
        Arrays.fill(content, (byte) 7);
        return Files.write(folder.resolve("filled"), content);
    }

    private Path sparse(long offset, long size, String data) throws IOException {
        Path file = folder.resolve("sparse");
        try (FileChannel channel = FileChannel.open(
                file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE, StandardOpenOption.SPARSE)) {
            channel.write(ByteBuffer.wrap(data.getBytes()), offset);
        }
        try (var growing = new java.io.RandomAccessFile(file.toFile(), "rw")) {
            growing.setLength(size);
        }
        return file;
    }
}
