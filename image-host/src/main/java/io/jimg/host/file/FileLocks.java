package io.jimg.host.file;

import io.jimg.host.kernel.Native;
import java.io.Closeable;
import java.io.IOException;
import java.nio.channels.AsynchronousFileChannel;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Advisory locks on single bytes of an open file, which other processes see: what QEMU's scheme of sharing images is
 * made of. A byte may be locked whether or not the file is that long.
 *
 * <p>Two ways of locking stand behind it, which see each other's locks:
 *
 * <ul>
 *   <li>OFD locks, through {@link HostFile}. They belong to this one opening of the file, so that two openings in one
 *       process keep each other out as two processes would.
 *   <li>Java's own locks, where there is no {@code HostFile}. They are POSIX locks, which belong to the process and
 *       which the process loses by closing <em>any</em> channel of the file. A registry keeps the openings within the
 *       process apart, and keeps every channel of a file open as long as a byte of it is locked; so all channels of
 *       files that may be locked must be closed by {@link #close()}, whether anything is locked through them or not.
 *       Channels of the same file that others open and close in this process still undo the locks.
 * </ul>
 *
 * <p>Safe for use by several threads.
 */
public interface FileLocks extends Closeable {
    /** How a byte is locked. */
    enum Mode {
        /** Together with other shared locks. */
        SHARED,

        /** Alone. The file must be open for writing. */
        EXCLUSIVE
    }

    /** The answer to a request for a lock. */
    enum Grant {
        /** The byte is locked. */
        GRANTED,

        /** Somebody else holds a lock that doesn't go with it. */
        CONFLICT,

        /**
         * This file can't be locked: its file system has no locks, or the host's would keep others from reading the
         * bytes.
         */
        UNSUPPORTED
    }

    /** What is known of others' locks on a byte. */
    enum Holders {
        /** Nobody else holds any. */
        NONE,

        /** Somebody else holds one, shared or exclusive. */
        OTHERS,

        /** It can't be told without changing something. */
        UNKNOWN
    }

    /**
     * Takes over a file's channel for locking and closing.
     *
     * @param channel a channel of the file; {@link #close()} closes it
     * @param fileKey which file it is, as {@link java.nio.file.attribute.BasicFileAttributes#fileKey()} has it; null
     *     where files have none, as on Windows, whose locks are of another kind: nothing is locked then
     * @param file the same file by the host's calls, if they are there; {@link #close()} closes it too
     * @return its locks
     */
    static FileLocks of(AsynchronousFileChannel channel, @Nullable Object fileKey, Optional<HostFile> file) {
        FileLocks locks;
        if (file.isPresent()) {
            locks = new OfdLocks(file.get());
        } else {
            locks = fileKey == null ? new NoLocks() : new PosixLocks(channel, fileKey);
        }
        locks.alsoClose(channel);
        return locks;
    }

    /**
     * Says that a file will be opened within some milliseconds, for programs that do little else: where Java's own
     * locks will be used, what makes their first question slow begins now. Returns at once.
     */
    static void announceOpening() {
        if (!Native.isPermitted()) {
            LockTable.announceReading();
        }
    }

    /**
     * Locks a byte, at once or not at all.
     *
     * @param offset the byte, 0 or more; not yet locked through this object
     * @param mode how
     * @return the answer
     * @throws IOException if the host fails otherwise
     * @throws IllegalStateException if this object holds a lock on the byte
     */
    Grant tryLock(long offset, Mode mode) throws IOException;

    /**
     * Drops this object's lock on a byte, if it has one.
     *
     * @param offset the byte
     * @throws IOException if the host fails
     */
    void unlock(long offset) throws IOException;

    /**
     * Looks whether anybody else, in this process or another, holds a lock on a byte. Nothing changes by looking.
     *
     * @param offset the byte, whether or not this object has a lock on it
     * @return what is known
     * @throws IOException if the host fails
     */
    Holders othersOn(long offset) throws IOException;

    /**
     * Looks at several bytes together, which may cost no more than one.
     *
     * @param offsets the bytes
     * @return those of them that anybody else, in this process or another, holds a lock on; where it can't be told, a
     *     byte is left out
     * @throws IOException if the host fails
     */
    default Set<Long> heldByOthers(Set<Long> offsets) throws IOException {
        Set<Long> held = new HashSet<>();
        for (long offset : offsets) {
            if (othersOn(offset) == Holders.OTHERS) {
                held.add(offset);
            }
        }
        return held;
    }

    /**
     * Takes over another opening of the same file, which {@link #close()} closes too.
     *
     * @param opening a channel, or a file of another kind
     */
    void alsoClose(Closeable opening);

    /** Drops all of this object's locks and closes the channel and the file that it took over. Again: nothing. */
    @Override
    void close() throws IOException;
}
