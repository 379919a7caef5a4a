package io.jimg.host.file;

import java.io.Closeable;
import java.io.IOException;

/** The locks of a file that can't be locked. */
final class NoLocks implements FileLocks {
    private final Openings openings = new Openings();

    @Override
    public Grant tryLock(long offset, Mode mode) {
        return Grant.UNSUPPORTED;
    }

    @Override
    public void unlock(long offset) {
        // There is none.
    }

    @Override
    public Holders othersOn(long offset) {
        return Holders.UNKNOWN;
    }

    @Override
    public void alsoClose(Closeable opening) {
        openings.add(opening);
    }

    @Override
    public void close() throws IOException {
        openings.close();
    }
}
