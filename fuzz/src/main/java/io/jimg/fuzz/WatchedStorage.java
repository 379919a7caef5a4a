package io.jimg.fuzz;

import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.storage.ForwardingStorage;
import io.jimg.storage.MemoryStorage;
import io.jimg.storage.Outcome;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * A file in memory that was opened: counts its traffic, takes a write after it was opened for reading as a broken
 * promise, and stays usable for others when it is closed. Safe for many threads.
 */
final class WatchedStorage extends ForwardingStorage {
    /** What no file of a host can be longer than. */
    private static final long LONGEST = 1L << 62;

    private final boolean readOnly;
    private final Traffic traffic;
    private final AtomicBoolean closed = new AtomicBoolean();

    /** Over a file that others may open, too. */
    WatchedStorage(MemoryStorage file, boolean readOnly, Traffic traffic) {
        super(file);
        this.readOnly = readOnly;
        this.traffic = traffic;
        traffic.opens(1);
    }

    @Override
    public String protocol() {
        return "file";
    }

    @Override
    public boolean readOnly() {
        return readOnly;
    }

    @Override
    public void read(ByteBuffer destination, long hostOffset) throws IOException {
        requireOpen();
        traffic.reads(destination.remaining());
        super.read(destination, hostOffset);
    }

    @Override
    public void write(ByteBuffer source, long hostOffset) throws IOException {
        changes(hostOffset, source.remaining());
        traffic.writes(source.remaining());
        super.write(source, hostOffset);
    }

    @Override
    public Outcome zero(long hostOffset, long length, boolean keepAllocated) throws IOException {
        changes(hostOffset, length);
        return super.zero(hostOffset, length, keepAllocated);
    }

    @Override
    public Outcome zeroIfFast(long hostOffset, long length) throws IOException {
        changes(hostOffset, length);
        return super.zeroIfFast(hostOffset, length);
    }

    @Override
    public Outcome punch(long hostOffset, long length) throws IOException {
        changes(hostOffset, length);
        return super.punch(hostOffset, length);
    }

    @Override
    public void discard(long hostOffset, long length) throws IOException {
        changes(hostOffset, length);
        super.discard(hostOffset, length);
    }

    @Override
    public Outcome allocate(long hostOffset, long length) throws IOException {
        changes(hostOffset, length);
        return super.allocate(hostOffset, length);
    }

    @Override
    public void truncate(long newSize) throws IOException {
        changes(0, newSize);
        super.truncate(newSize);
    }

    @Override
    public void close() {
        if (closed.compareAndSet(false, true)) {
            traffic.opens(-1);
        }
    }

    private void changes(long hostOffset, long length) throws IOException {
        requireOpen();
        if (readOnly) {
            throw new BrokenPromise("'" + name() + "' was opened for reading and is written");
        }
        if (hostOffset >= 0 && length >= 0 && (hostOffset > LONGEST || hostOffset + length > LONGEST)) {
            throw new ImageException(ErrorKind.NO_SPACE, "File too large");
        }
    }

    private void requireOpen() {
        if (closed.get()) {
            throw new BrokenPromise("'" + name() + "' is used after it was closed");
        }
    }
}
