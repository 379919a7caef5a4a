package io.jimg.host;

import java.io.Closeable;
import java.io.IOException;
import java.nio.channels.AsynchronousFileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Java's locks, which belong to the process, made to belong to one opening of a file. */
final class PosixLocks implements FileLocks {
    /** The files that have openings. Its monitor guards all that hangs on it; locking is rare and quick. */
    private static final Map<Object, OpenFile> FILES = new HashMap<>();

    /**
     * Where the next marker goes: bytes far behind any file's end, each used once, and never two side by side, since the kernel
     * would join them.
     */
    private static long nextMarker = 1L << 62;

    private final AsynchronousFileChannel channel;
    private final Object fileKey;
    private final OpenFile file;
    private final Openings openings = new Openings();
    private boolean closed;

    PosixLocks(AsynchronousFileChannel channel, Object fileKey) {
        this.channel = channel;
        this.fileKey = fileKey;
        synchronized (FILES) {
            this.file = FILES.computeIfAbsent(fileKey, key -> new OpenFile());
            file.users++;
        }
    }

    @Override
    public Grant tryLock(long offset, Mode mode) throws IOException {
        synchronized (FILES) {
            LockedByte there = file.bytes.get(offset);
            if (there == null) {
                Optional<FileLock> lock;
                try {
                    lock = lock(offset, mode);
                } catch (IOException failure) {
                    if (isUnsupported(failure)) {
                        return Grant.UNSUPPORTED;
                    }
                    throw failure;
                }
                lock.ifPresent(taken -> file.bytes.put(offset, new LockedByte(taken, new HashSet<>(Set.of(this)))));
                return lock.isPresent() ? Grant.GRANTED : Grant.CONFLICT;
            }
            if (there.owners.contains(this)) {
                throw new IllegalStateException("byte " + offset + " is locked already");
            }
            if (mode == Mode.EXCLUSIVE || !there.lock.isShared()) {
                return Grant.CONFLICT;
            }
            there.owners.add(this);
            return Grant.GRANTED;
        }
    }

    @Override
    public void unlock(long offset) throws IOException {
        synchronized (FILES) {
            LockedByte there = file.bytes.get(offset);
            if (there != null && there.owners.remove(this) && there.owners.isEmpty()) {
                file.bytes.remove(offset);
                there.lock.release();
            }
        }
    }

    @Override
    public Holders othersOn(long offset) throws IOException {
        synchronized (FILES) {
            LockedByte there = file.bytes.get(offset);
            if (there != null && there.owners.stream().anyMatch(owner -> owner != this)) {
                return Holders.OTHERS;
            }
            // Java has no way to ask. A marker, locked for a moment, shows what the kernel's list calls this file.
            long marker = nextMarker;
            nextMarker += 2;
            Optional<LockTable> table;
            try {
                Optional<FileLock> mark = lock(marker, Mode.SHARED);
                table = LockTable.read();
                if (mark.isPresent()) {
                    mark.get().release();
                }
            } catch (IOException failure) {
                if (isUnsupported(failure)) {
                    return Holders.UNKNOWN;
                }
                throw failure;
            }
            return table.flatMap(locks -> locks.fileLockedByUs(marker)
                            .map(name -> locks.isLockedByOthers(name, offset) ? Holders.OTHERS : Holders.NONE))
                    .orElse(Holders.UNKNOWN);
        }
    }

    @Override
    public void alsoClose(Closeable opening) {
        openings.add(opening);
    }

    @Override
    public void close() throws IOException {
        synchronized (FILES) {
            if (closed) {
                return;
            }
            closed = true;
            if (--file.users == 0) {
                FILES.remove(fileKey);
            }
            file.toClose.addAll(openings);
            try {
                for (Long offset : List.copyOf(file.bytes.keySet())) {
                    unlock(offset);
                }
            } finally {
                if (file.bytes.isEmpty()) {
                    file.toClose.close();
                }
            }
        }
    }

    private Optional<FileLock> lock(long offset, Mode mode) throws IOException {
        try {
            return Optional.ofNullable(channel.tryLock(offset, 1, mode == Mode.SHARED));
        } catch (OverlappingFileLockException strangers) {
            // Code of this process that is not ours holds it.
            return Optional.empty();
        }
    }

    /** Java tells these only by the host's words. */
    private static boolean isUnsupported(IOException failure) {
        String message = String.valueOf(failure.getMessage());
        return message.contains(Errno.text(Errno.ENOLCK))
                || message.contains(Errno.text(Errno.ENOSYS))
                || message.contains(Errno.text(Errno.EOPNOTSUPP));
    }

    /** A file's locked bytes, and what was closed while some were locked: to close it in earnest would unlock them. */
    private static final class OpenFile {
        final Map<Long, LockedByte> bytes = new HashMap<>();
        final Openings toClose = new Openings();
        int users;
    }

    private record LockedByte(FileLock lock, Set<PosixLocks> owners) {}
}
