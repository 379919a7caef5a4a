package io.jimg.storage;

import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.host.file.FileLocks;
import io.jimg.host.file.HostFile;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.channels.AsynchronousFileChannel;
import java.util.Optional;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import org.jspecify.annotations.Nullable;

/** A file's length and what changes it. No byte is written to make a file longer. */
final class FileLength {
    private final HostPath path;
    private final AsynchronousFileChannel channel;
    private final Optional<HostFile> host;
    private final FileLocks openings;

    /**
     * Whoever may make the file longer by writing holds the first, whoever sets its length the second: else a file
     * could lose what was just written.
     */
    private final ReadWriteLock lock = new ReentrantReadWriteLock();

    private @Nullable RandomAccessFile resizer;

    FileLength(HostPath path, AsynchronousFileChannel channel, Optional<HostFile> host, FileLocks openings) {
        this.path = path;
        this.channel = channel;
        this.host = host;
        this.openings = openings;
    }

    /** To be held, by many threads at once, while a write may make the file longer. */
    Lock growing() {
        return lock.readLock();
    }

    /** Makes the file that long; a device may be told any length up to its own, and keeps its own. */
    void set(long newLength) throws IOException {
        lock.writeLock().lock();
        try {
            long length = channel.size();
            if (newLength > length) {
                grow(newLength);
            } else if (newLength < length && !path.isDevice()) {
                channel.truncate(newLength);
            }
        } finally {
            lock.writeLock().unlock();
        }
    }

    /** Makes the file at least that long. */
    void growTo(long end) throws IOException {
        lock.writeLock().lock();
        try {
            if (channel.size() < end) {
                grow(end);
            }
        } finally {
            lock.writeLock().unlock();
        }
    }

    private void grow(long newLength) throws IOException {
        if (path.isDevice()) {
            throw new ImageException(
                    ErrorKind.NO_SPACE, "Cannot grow device files", path.name(), ImageException.NO_OFFSET, null);
        }
        if (host.isPresent()) {
            host.get().truncate(newLength);
            return;
        }
        // A channel only makes files shorter.
        if (resizer == null) {
            resizer = path.openResizer();
            openings.alsoClose(resizer);
        }
        resizer.setLength(newLength);
    }
}
