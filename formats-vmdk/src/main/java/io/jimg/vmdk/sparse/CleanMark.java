package io.jimg.vmdk.sparse;

import io.jimg.storage.Storage;
import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * The header's byte that says that an extent has been written and not been closed since ("Virtual Disk Format 1.1":
 * uncleanShutdown). Set before the first change, which a barrier follows before any table changes; cleared when all is
 * on the disk.
 */
final class CleanMark {
    private final Storage file;
    private final long hostOffset;
    private volatile boolean set;

    /** The byte at {@code hostOffset}, whatever it is now. */
    CleanMark(Storage file, long hostOffset) {
        this.file = file;
        this.hostOffset = hostOffset;
    }

    boolean isSet() {
        return set;
    }

    void set() throws IOException {
        if (set) {
            return;
        }
        synchronized (this) {
            if (!set) {
                write(1);
                set = true;
            }
        }
    }

    synchronized void clear() throws IOException {
        write(0);
        set = false;
    }

    private void write(int value) throws IOException {
        file.write(ByteBuffer.allocate(1).put((byte) value).flip(), hostOffset);
    }
}
