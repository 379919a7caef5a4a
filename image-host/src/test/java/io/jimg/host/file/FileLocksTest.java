package io.jimg.host.file;

import static io.jimg.host.file.FileLocks.Grant.CONFLICT;
import static io.jimg.host.file.FileLocks.Grant.GRANTED;
import static io.jimg.host.file.FileLocks.Holders.NONE;
import static io.jimg.host.file.FileLocks.Holders.OTHERS;
import static io.jimg.host.file.FileLocks.Mode.EXCLUSIVE;
import static io.jimg.host.file.FileLocks.Mode.SHARED;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.channels.AsynchronousFileChannel;
import java.nio.file.Files;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FileLocksTest {

    /** What both ways of locking keep. */
    abstract static class Contract {
        @TempDir
        Path folder;

        Path file;

        abstract FileLocks open(Path file, boolean writable) throws IOException;

        @BeforeEach
        void makeFile() throws IOException {
            file = Files.createFile(folder.resolve("image"));
        }

        @Test
        void keepsOpeningsOfOneProcessApart() throws IOException {
            try (FileLocks one = open(file, true);
                    FileLocks two = open(file, true)) {
                assertThat(one.tryLock(100, SHARED)).isEqualTo(GRANTED);
                assertThat(one.othersOn(100)).isEqualTo(NONE);
                assertThat(two.othersOn(100)).isEqualTo(OTHERS);
                assertThat(two.tryLock(100, EXCLUSIVE)).isEqualTo(CONFLICT);
                assertThat(two.tryLock(100, SHARED)).isEqualTo(GRANTED);
                assertThat(one.othersOn(100)).isEqualTo(OTHERS);
                two.unlock(100);
                assertThat(one.othersOn(100)).isEqualTo(NONE);
                one.unlock(100);
                assertThat(two.othersOn(100)).isEqualTo(NONE);
                assertThat(two.tryLock(100, EXCLUSIVE)).isEqualTo(GRANTED);
                assertThat(one.tryLock(100, SHARED)).isEqualTo(CONFLICT);
                assertThat(one.othersOn(100)).isEqualTo(OTHERS);
                assertThat(one.othersOn(101)).isEqualTo(NONE);
            }
        }

        @Test
        void seesAndIsSeenByAnotherProcess() throws IOException {
            try (LockHolder other = LockHolder.start(file);
                    FileLocks locks = open(file, true)) {
                assertThat(locks.othersOn(101)).isEqualTo(NONE);
                assertThat(other.locks(101, true)).isTrue();
                assertThat(locks.othersOn(101)).isEqualTo(OTHERS);
                assertThat(locks.tryLock(101, SHARED)).isEqualTo(GRANTED);
                assertThat(locks.othersOn(101)).isEqualTo(OTHERS);
                assertThat(other.locks(102, false)).isTrue();
                assertThat(locks.tryLock(102, SHARED)).isEqualTo(CONFLICT);
                assertThat(locks.tryLock(203, SHARED)).isEqualTo(GRANTED);
                assertThat(other.sees(203)).isTrue();
                locks.unlock(203);
                assertThat(other.sees(203)).isFalse();
            }
        }

        @Test
        void tellsOfSeveralBytesAtOnce() throws IOException {
            try (LockHolder other = LockHolder.start(file);
                    FileLocks one = open(file, true);
                    FileLocks two = open(file, true)) {
                assertThat(one.heldByOthers(Set.of())).isEmpty();
                assertThat(one.heldByOthers(Set.of(100L, 101L))).isEmpty();
                assertThat(one.tryLock(100, SHARED)).isEqualTo(GRANTED);
                assertThat(two.tryLock(101, SHARED)).isEqualTo(GRANTED);
                assertThat(other.locks(102, true)).isTrue();
                assertThat(one.heldByOthers(Set.of(100L, 101L, 102L, 103L))).containsExactlyInAnyOrder(101L, 102L);
                assertThat(two.heldByOthers(Set.of(100L, 101L, 102L, 103L))).containsExactlyInAnyOrder(100L, 102L);
            }
        }

        @Test
        void looksAndLocksThroughAReadOnlyFile() throws IOException {
            try (LockHolder other = LockHolder.start(file);
                    FileLocks locks = open(file, false)) {
                assertThat(locks.tryLock(201, SHARED)).isEqualTo(GRANTED);
                assertThat(locks.othersOn(101)).isEqualTo(NONE);
                assertThat(other.locks(101, true)).isTrue();
                assertThat(locks.othersOn(101)).isEqualTo(OTHERS);
                assertThat(other.sees(201)).isTrue();
            }
        }

        @Test
        void closingOneOpeningKeepsTheOthersLocks() throws IOException {
            try (LockHolder other = LockHolder.start(file);
                    FileLocks locks = open(file, true)) {
                FileLocks first = open(file, true);
                assertThat(first.tryLock(100, SHARED)).isEqualTo(GRANTED);
                assertThat(locks.tryLock(100, SHARED)).isEqualTo(GRANTED);
                assertThat(locks.tryLock(101, SHARED)).isEqualTo(GRANTED);
                assertThat(first.tryLock(102, SHARED)).isEqualTo(GRANTED);
                first.close();
                first.close();
                open(file, false).close();
                assertThat(other.sees(100)).isTrue();
                assertThat(other.sees(101)).isTrue();
                assertThat(other.sees(102)).isFalse();
            }
            try (LockHolder other = LockHolder.start(file)) {
                assertThat(other.sees(100)).isFalse();
                assertThat(other.sees(101)).isFalse();
            }
        }

        @Test
        void tellsItsFilesApart() throws IOException {
            Path second = Files.createFile(folder.resolve("second"));
            try (LockHolder other = LockHolder.start(second);
                    FileLocks locks = open(file, true);
                    FileLocks secondLocks = open(second, true)) {
                assertThat(locks.tryLock(201, SHARED)).isEqualTo(GRANTED);
                assertThat(secondLocks.tryLock(201, SHARED)).isEqualTo(GRANTED);
                assertThat(other.locks(101, true)).isTrue();
                assertThat(locks.othersOn(101)).isEqualTo(NONE);
                assertThat(secondLocks.othersOn(101)).isEqualTo(OTHERS);
            }
        }

        @Test
        void refusesToLockAByteTwice() throws IOException {
            try (FileLocks locks = open(file, true)) {
                assertThat(locks.tryLock(5, SHARED)).isEqualTo(GRANTED);
                assertThatThrownBy(() -> locks.tryLock(5, SHARED)).isInstanceOf(IllegalStateException.class);
                locks.unlock(5);
                locks.unlock(5);
                assertThat(locks.tryLock(5, EXCLUSIVE)).isEqualTo(GRANTED);
            }
        }

        static AsynchronousFileChannel channel(Path file, boolean writable) throws IOException {
            Set<? extends OpenOption> options = writable
                    ? Set.of(StandardOpenOption.READ, StandardOpenOption.WRITE)
                    : Set.of(StandardOpenOption.READ);
            return AsynchronousFileChannel.open(file, options, null);
        }

        static Object key(Path file) throws IOException {
            return Files.readAttributes(file, BasicFileAttributes.class).fileKey();
        }
    }

    @Nested
    @Tag("quick")
    class Posix extends Contract {
        @Override
        FileLocks open(Path file, boolean writable) throws IOException {
            assumeTrue(Files.isReadable(Path.of("/proc/locks")), "no list of locks here");
            return FileLocks.of(channel(file, writable), key(file), Optional.empty());
        }

        @Test
        void keepsAClosedChannelOpenAsLongAsTheFileIsLocked() throws IOException {
            AsynchronousFileChannel first = channel(file, true);
            try (FileLocks locks = open(file, true)) {
                locks.tryLock(7, SHARED);
                FileLocks.of(first, key(file), Optional.empty()).close();
                assertThat(first.isOpen()).isTrue();
            }
            assertThat(first.isOpen()).isFalse();
        }
    }

    @Nested
    class Ofd extends Contract {
        @Override
        FileLocks open(Path file, boolean writable) throws IOException {
            Optional<HostFile> host = HostFile.open(file, writable);
            assumeTrue(host.isPresent(), "the host's calls can't be made here");
            return FileLocks.of(
                    channel(host.get().reopenPath(), writable), host.get().fileKey(), host);
        }
    }

    @Test
    @Tag("quick")
    void saysThatAFileWithoutIdentityIsNotLocked(@TempDir Path folder) throws IOException {
        AsynchronousFileChannel channel = Contract.channel(Files.createFile(folder.resolve("a")), true);
        try (FileLocks locks = FileLocks.of(channel, null, Optional.empty())) {
            assertThat(locks.tryLock(1, SHARED)).isEqualTo(FileLocks.Grant.UNSUPPORTED);
            assertThat(locks.othersOn(1)).isEqualTo(FileLocks.Holders.UNKNOWN);
            locks.unlock(1);
        }
        assertThat(channel.isOpen()).isFalse();
    }
}
