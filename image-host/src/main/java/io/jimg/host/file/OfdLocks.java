package io.jimg.host.file;

import io.jimg.host.Errno;
import io.jimg.host.kernel.Kernel;
import io.jimg.host.kernel.SystemCall;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.NonWritableChannelException;
import java.util.HashSet;
import java.util.Set;

/** Locks that belong to one opening of a file (fcntl's "open file description locks"). */
final class OfdLocks implements FileLocks {
    private static final int F_OFD_GETLK = 36;
    private static final int F_OFD_SETLK = 37;
    private static final short F_RDLCK = 0;
    private static final short F_WRLCK = 1;
    private static final short F_UNLCK = 2;

    private final HostFile file;
    private final Openings openings = new Openings();
    private final Set<Long> held = new HashSet<>();

    OfdLocks(HostFile file) {
        this.file = file;
        openings.add(file);
    }

    @Override
    public synchronized Grant tryLock(long offset, Mode mode) throws IOException {
        if (held.contains(offset)) {
            throw new IllegalStateException("byte " + offset + " of " + file + " is locked already");
        }
        if (mode == Mode.EXCLUSIVE && !file.isWritable()) {
            throw new NonWritableChannelException();
        }
        short type = mode == Mode.SHARED ? F_RDLCK : F_WRLCK;
        long result = file.call(SystemCall.FCNTL, F_OFD_SETLK, flock(type, offset));
        if (result == -Errno.EAGAIN || result == -Errno.EACCES) {
            return Grant.CONFLICT;
        }
        if (isUnsupported(result)) {
            return Grant.UNSUPPORTED;
        }
        file.checked(result);
        held.add(offset);
        return Grant.GRANTED;
    }

    @Override
    public synchronized void unlock(long offset) throws IOException {
        if (held.remove(offset)) {
            file.checked(file.call(SystemCall.FCNTL, F_OFD_SETLK, flock(F_UNLCK, offset)));
        }
    }

    @Override
    public synchronized Holders othersOn(long offset) throws IOException {
        ByteBuffer flock = flock(F_WRLCK, offset);
        long result = file.call(SystemCall.FCNTL, F_OFD_GETLK, flock);
        if (isUnsupported(result)) {
            return Holders.UNKNOWN;
        }
        file.checked(result);
        return flock.getShort(0) == F_UNLCK ? Holders.NONE : Holders.OTHERS;
    }

    @Override
    public void alsoClose(Closeable opening) {
        openings.add(opening);
    }

    @Override
    public synchronized void close() throws IOException {
        held.clear();
        openings.close();
    }

    /** A kernel before 3.15, or a file system without locks. */
    private static boolean isUnsupported(long result) {
        return result == -Errno.EINVAL
                || result == -Errno.ENOLCK
                || result == -Errno.ENOSYS
                || result == -Errno.EOPNOTSUPP;
    }

    /** {@return the kernel's {@code struct flock} of a 64-bit processor, for one byte counted from the file's start} */
    private static ByteBuffer flock(short type, long offset) {
        if (offset < 0) {
            throw new IllegalArgumentException("offset " + offset);
        }
        // l_type at 0; l_whence at 2, SEEK_SET; l_start at 8; l_len at 16; l_pid at 24, which must be 0.
        return Kernel.struct(32).putShort(0, type).putLong(8, offset).putLong(16, 1);
    }
}
