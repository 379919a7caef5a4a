package io.jimg.vmdk.sparse;

import io.jimg.storage.Storage;
import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * The header's byte that says that an extent has been written and not been closed since ("Virtual Disk Format 1.1":
 * uncleanShutdown). Set before the first change, which a barrier follows before any table changes; cleared when all is
 * on the disk.
 *
 * <p>An extent that is opened with the mark was not closed by who wrote it before. VMware's products check such a disk
 * when they open it, says the same document. Here it is checked before the mark is taken away; where something is
 * wrong, the mark stays until a repair or another check of the whole extent finds nothing.
 */
final class CleanMark {
    private final Storage file;
    private final long hostOffset;
    /** Whether the byte is set for what somebody else did. */
    private boolean found;

    private volatile boolean set;

    /**
     * The byte at {@code hostOffset}.
     *
     * @param found whether it is set now
     */
    CleanMark(Storage file, long hostOffset, boolean found) {
        this.file = file;
        this.hostOffset = hostOffset;
        this.found = found;
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

    /** Clears the mark of an extent whose changes are all on the disk, unless the extent turns out to be damaged. */
    synchronized void clear() throws IOException {
        if (!set && !found) {
            return;
        }
        if (found && !SparseCheck.settle(file)) {
            return;
        }
        if (found) {
            file.flush();
        }
        write(0);
        file.flush();
        found = false;
        set = false;
    }

    private void write(int value) throws IOException {
        file.write(ByteBuffer.allocate(1).put((byte) value).flip(), hostOffset);
    }
}
