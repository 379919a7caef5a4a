package io.jimg.storage;

import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.Limits;
import io.jimg.host.Memory;
import java.nio.ByteBuffer;
import java.util.concurrent.ConcurrentNavigableMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;

/**
 * Bytes in memory, as long as 2^63-1 and as sparse as they are: only pages that were written with anything but zeroes
 * take space.
 */
public final class MemoryStorage implements Storage {
    private static final int PAGE = 64 << 10;

    private final String name;
    private final ConcurrentNavigableMap<Long, byte[]> pages = new ConcurrentSkipListMap<>();

    /**
     * The first for whatever keeps pages and length in step, by many threads at once; the second for what needs them to
     * stand still.
     */
    private final ReadWriteLock lock = new ReentrantReadWriteLock();

    private long size;
    private volatile boolean closed;

    /**
     * An empty storage.
     *
     * @param name for messages
     */
    public MemoryStorage(String name) {
        this.name = name;
    }

    /**
     * A storage with a content.
     *
     * @param name for messages
     * @param content copied
     */
    public MemoryStorage(String name, byte[] content) {
        this(name);
        put(ByteBuffer.wrap(content), 0);
        size = content.length;
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public String protocol() {
        return "memory";
    }

    @Override
    public Object identity() {
        return this;
    }

    @Override
    public boolean readOnly() {
        return false;
    }

    @Override
    public long size() throws ImageException {
        try (Locked locked = locked(lock.readLock())) {
            return size;
        }
    }

    @Override
    public long allocatedSize() throws ImageException {
        try (Locked locked = locked(lock.readLock())) {
            return (long) pages.size() * PAGE;
        }
    }

    @Override
    public Limits limits() {
        return Limits.BYTES;
    }

    @Override
    public void read(ByteBuffer destination, long hostOffset) throws ImageException {
        requireRange(hostOffset, destination.remaining());
        try (Locked locked = locked(lock.readLock())) {
            for (long at = hostOffset; destination.hasRemaining(); ) {
                int inPage = (int) (at % PAGE);
                int count = Math.min(PAGE - inPage, destination.remaining());
                byte[] page = pages.get(at / PAGE);
                destination.put(page == null ? ZEROES : page, inPage, count);
                at += count;
            }
        }
    }

    private static final byte[] ZEROES = new byte[PAGE];

    @Override
    public void write(ByteBuffer source, long hostOffset) throws ImageException {
        int count = source.remaining();
        requireRange(hostOffset, count);
        if (count == 0) {
            return;
        }
        try (Locked locked = locked(lock.readLock())) {
            if (hostOffset + count <= size) {
                put(source, hostOffset);
                return;
            }
        }
        try (Locked locked = locked(lock.writeLock())) {
            put(source, hostOffset);
            size = Math.max(size, hostOffset + count);
        }
    }

    private void put(ByteBuffer source, long hostOffset) {
        for (long at = hostOffset; source.hasRemaining(); ) {
            int inPage = (int) (at % PAGE);
            int count = Math.min(PAGE - inPage, source.remaining());
            byte[] page = pages.get(at / PAGE);
            if (page == null && Memory.isZero(source, source.position(), source.position() + count)) {
                source.position(source.position() + count);
            } else {
                source.get(
                        page != null ? page : pages.computeIfAbsent(at / PAGE, number -> new byte[PAGE]),
                        inPage,
                        count);
            }
            at += count;
        }
    }

    @Override
    public Outcome zero(long hostOffset, long length, boolean keepAllocated) throws ImageException {
        requireRange(hostOffset, length);
        if (keepAllocated) {
            return Outcome.UNSUPPORTED;
        }
        try (Locked locked = locked(lock.writeLock())) {
            clear(hostOffset, hostOffset + length);
            size = Math.max(size, hostOffset + length);
        }
        return Outcome.DONE;
    }

    @Override
    public Outcome punch(long hostOffset, long length) throws ImageException {
        requireRange(hostOffset, length);
        try (Locked locked = locked(lock.writeLock())) {
            clear(hostOffset, hostOffset + length);
        }
        return Outcome.DONE;
    }

    /** Nothing is left of a range but zeroes. */
    private void clear(long start, long end) {
        long firstWhole = start / PAGE + (start % PAGE == 0 ? 0 : 1);
        long afterWhole = end / PAGE;
        if (firstWhole < afterWhole) {
            pages.subMap(firstWhole, afterWhole).clear();
        }
        if (start / PAGE == end / PAGE) {
            clearInPage(start / PAGE, (int) (start % PAGE), (int) (end % PAGE));
        } else {
            if (start % PAGE != 0) {
                clearInPage(start / PAGE, (int) (start % PAGE), PAGE);
            }
            clearInPage(end / PAGE, 0, (int) (end % PAGE));
        }
    }

    private void clearInPage(long number, int from, int to) {
        byte[] page = pages.get(number);
        if (page != null) {
            java.util.Arrays.fill(page, from, to, (byte) 0);
        }
    }

    @Override
    public Outcome allocate(long hostOffset, long length) {
        return Outcome.UNSUPPORTED;
    }

    @Override
    public void truncate(long newSize) throws ImageException {
        requireRange(newSize, 0);
        try (Locked locked = locked(lock.writeLock())) {
            if (newSize < size) {
                clear(newSize, size);
                pages.tailMap(newSize / PAGE + (newSize % PAGE == 0 ? 0 : 1)).clear();
            }
            size = newSize;
        }
    }

    @Override
    public boolean growsWithZeroes() {
        return true;
    }

    @Override
    public HostExtent extentAt(long hostOffset, long length) throws ImageException {
        if (length <= 0) {
            throw new IllegalArgumentException("length " + length);
        }
        requireRange(hostOffset, length);
        try (Locked locked = locked(lock.readLock())) {
            long end = hostOffset + length;
            boolean hole = !pages.containsKey(hostOffset / PAGE);
            long next = hostOffset / PAGE + 1;
            if (hole) {
                Long data = pages.ceilingKey(next);
                next = data == null ? Long.MAX_VALUE : data;
            } else {
                while (next <= (end - 1) / PAGE && pages.containsKey(next)) {
                    next++;
                }
            }
            long runEnd = next > end / PAGE ? end : next * PAGE;
            return new HostExtent(hostOffset, Math.min(end, runEnd) - hostOffset, hole);
        }
    }

    @Override
    public Outcome copyFrom(Storage source, long sourceOffset, long hostOffset, long length) {
        return Outcome.UNSUPPORTED;
    }

    @Override
    public void flush() throws ImageException {
        try (Locked locked = locked(lock.readLock())) {
            // Memory is as durable as it gets.
        }
    }

    /** Closes it and keeps the bytes, for {@link #reopen()}. */
    @Override
    public void close() {
        closed = true;
    }

    /** Makes a closed storage usable again, as if a file were opened once more. */
    public void reopen() {
        closed = false;
    }

    @Override
    public String toString() {
        return name;
    }

    private Locked locked(Lock wanted) throws ImageException {
        if (closed) {
            throw new ImageException(
                    ErrorKind.CLOSED, "'" + name + "' is closed", name, ImageException.NO_OFFSET, null);
        }
        wanted.lock();
        return wanted::unlock;
    }

    private static void requireRange(long offset, long length) {
        if (offset < 0 || length < 0 || offset > Long.MAX_VALUE - length) {
            throw new IllegalArgumentException("offset " + offset + ", length " + length);
        }
    }

    /** A lock until it is closed. */
    private interface Locked extends AutoCloseable {
        @Override
        void close();
    }
}
