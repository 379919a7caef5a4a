package io.jimg.fuzz;

import io.jimg.ErrorKind;
import io.jimg.ImageException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/** What goes to and from the files of a run. Safe for many threads. */
final class Traffic {
    private final AtomicLong room;
    private final AtomicLong read = new AtomicLong();
    private final AtomicInteger open = new AtomicInteger();

    /** A disk that is full once {@code room} bytes were written. */
    Traffic(long room) {
        this.room = new AtomicLong(room);
    }

    /** Counts what is read. */
    void reads(long bytes) {
        read.addAndGet(bytes);
    }

    /** Counts what is written, as long as there is room. */
    void writes(long bytes) throws ImageException {
        if (room.addAndGet(-bytes) < 0) {
            throw new ImageException(ErrorKind.NO_SPACE, "No space left on device");
        }
    }

    /** Whether nothing failed because the disk was full. */
    boolean roomLeft() {
        return room.get() >= 0;
    }

    /** Counts a file that was opened, by 1, or closed, by -1. */
    void opens(int files) {
        open.addAndGet(files);
    }

    /** Bytes read so far. */
    long read() {
        return read.get();
    }

    /** Files that are open. */
    int open() {
        return open.get();
    }
}
