package io.jimg.host;

import java.io.IOException;
import java.nio.channels.AsynchronousFileChannel;

/** The locks of a file that can't be locked. */
record NoLocks(AsynchronousFileChannel channel) implements FileLocks {
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
    public void close() throws IOException {
        channel.close();
    }
}
