package io.jimg.host.file;

import io.jimg.host.Errno;
import java.io.Closeable;
import java.io.IOException;
import java.nio.channels.AsynchronousFileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Java's locks, which belong to the process, made to belong to one opening of a file. */
final class PosixLocks implements FileLocks {
    /** The files that have openings. Its monitor guards all that hangs on it; locking is rare and quick. */
    private static final Map<Object, OpenFile> FILES = new HashMap<>();

    /**
     * Where the next marker goes: bytes far behind any file's end, each used once, and never two side by side, since
     * the kernel would join them.
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
            OpenFile known = FILES.get(fileKey);
            if (known == null) {
                known = new OpenFile();
                FILES.put(fileKey, known);
            }
            this.file = known;
            file.users++;
        }
    }

    @Override
    public Grant tryLock(long offset, Mode mode) throws IOException {
        synchronized (FILES) {
            LockedByte there = file.bytes.get(offset);
            if (there == null) {
                FileLock lock;
                try {
                    lock = lock(offset, mode);
                } catch (IOException failure) {
                    if (isUnsupported(failure)) {
                        return Grant.UNSUPPORTED;
                    }
                    throw failure;
                }
                if (lock == null) {
                    return Grant.CONFLICT;
                }
                file.bytes.put(offset, new LockedByte(lock, new HashSet<>(Set.of(this))));
                return Grant.GRANTED;
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
            if (isHeldHereByOthers(offset)) {
                return Holders.OTHERS;
            }
            OthersLocks others = lookAround();
            return others == null
                    ? Holders.UNKNOWN
                    : others.table.isLockedByOthers(others.file, offset) ? Holders.OTHERS : Holders.NONE;
        }
    }

    /** The kernel makes whoever reads its list wait for all its processors, some 10 ms: it is read once. */
    @Override
    public Set<Long> heldByOthers(Set<Long> offsets) throws IOException {
        Set<Long> held = new HashSet<>();
        if (offsets.isEmpty()) {
            return held;
        }
        synchronized (FILES) {
            OthersLocks others = lookAround();
            for (long offset : offsets) {
                if (isHeldHereByOthers(offset)
                        || others != null && others.table.isLockedByOthers(others.file, offset)) {
                    held.add(offset);
                }
            }
        }
        return held;
    }

    private boolean isHeldHereByOthers(long offset) {
        LockedByte there = file.bytes.get(offset);
        if (there == null) {
            return false;
        }
        return there.owners.size() > 1 || !there.owners.contains(this);
    }

    /**
     * What other processes hold; null where it can't be told. Java has no way to ask. A marker, locked for a moment,
     * shows what the kernel's list calls this file.
     */
    private @Nullable OthersLocks lookAround() throws IOException {
        long marker = nextMarker;
        nextMarker += 2;
        LockTable table;
        try {
            FileLock mark = lock(marker, Mode.SHARED);
            table = LockTable.read();
            if (mark != null) {
                mark.release();
            }
        } catch (IOException failure) {
            if (isUnsupported(failure)) {
                return null;
            }
            throw failure;
        }
        String name = table == null ? null : table.fileLockedByUs(marker);
        return table == null || name == null ? null : new OthersLocks(table, name);
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

    /** The lock; null where somebody else has one that does not go with it. */
    private @Nullable FileLock lock(long offset, Mode mode) throws IOException {
        try {
            return channel.tryLock(offset, 1, mode == Mode.SHARED);
        } catch (OverlappingFileLockException strangers) {
            // Code of this process that is not ours holds it.
            return null;
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

    /** The kernel's list, and what it calls the file. */
    private record OthersLocks(LockTable table, String file) {}

    private record LockedByte(FileLock lock, Set<PosixLocks> owners) {}
}
