package io.jimg.testkit;

import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.Limits;
import io.jimg.storage.HostExtent;
import io.jimg.storage.Outcome;
import io.jimg.storage.Storage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.NavigableMap;
import java.util.Random;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * A disk in memory whose power can fail: what was written since the last flush may have reached it or not, in any
 * order.
 *
 * <p>Aligned sectors of 512 bytes are atomic. {@link #crash} makes one of the states that a power loss at this moment
 * may leave: every sector holds either what it held at the last flush or anything written to it since, and so does the
 * length. Zeroing, punching and truncating are writes in this sense.
 *
 * <p>An observer is told before every change, so that a test can lose power inside an operation of the device above.
 * Safe for many threads: every call is atomic.
 */
public final class ReorderingStorage implements Storage {
    /** What a power loss never tears, in bytes. */
    public static final int SECTOR = 512;

    /**
     * Told of changes while the storage stands still; it may ask for {@link ReorderingStorage#crash}, but must not
     * change the storage.
     */
    @FunctionalInterface
    public interface Observer {
        /**
         * Called before a change or a flush.
         *
         * @param number how many went before it
         */
        void before(long number) throws IOException;
    }

    private final String name;
    private final NavigableMap<Long, Sector> sectors = new TreeMap<>();
    private final List<Sector> unflushed = new ArrayList<>();
    /** Lengths since the last flush; the first is the one at the flush. */
    private final List<Long> lengths = new ArrayList<>();

    /** Changes since the last flush, numbered from 1. */
    private int requests;

    private long changes;
    private boolean closed;
    private @Nullable Observer observer;

    /** An empty disk. */
    public ReorderingStorage(String name) {
        this.name = name;
        lengths.add(0L);
    }

    /** Sets who is told before every change; null for nobody. */
    public synchronized void observe(@Nullable Observer newObserver) {
        observer = newObserver;
    }

    /** How many changes and flushes there have been. */
    public synchronized long changes() {
        return changes;
    }

    /** How many sectors a power loss now could lose. */
    public synchronized int unflushedSectors() {
        return unflushed.size();
    }

    /**
     * One of the states that a power loss at this moment may leave, all of it durable, as a storage of its own. This
     * one stays as it is.
     *
     * @param seed decides which; the same seed gives the same state
     */
    public synchronized ReorderingStorage crash(long seed) {
        Survivors survivors = Survivors.choose(new Random(seed), requests);
        ReorderingStorage after = new ReorderingStorage(name);
        long length = survivors.length(lengths);
        after.lengths.set(0, length);
        sectors.forEach((number, sector) -> {
            long start = number * SECTOR;
            byte[] content = sector.survivor(survivors);
            if (content != null && start < length) {
                byte[] kept = content;
                if (length - start < SECTOR) {
                    // The file system zeroes what lies behind the end when the file grows again.
                    kept = new byte[SECTOR];
                    System.arraycopy(content, 0, kept, 0, (int) (length - start));
                }
                after.sectors.put(number, new Sector(kept));
            }
        });
        return after;
    }

    /** Copies the content as it reads now into another storage, which must be empty; what is zero becomes a hole. */
    public synchronized void copyTo(Storage target) throws IOException {
        long end = length();
        for (var entry : sectors.entrySet()) {
            byte[] content = entry.getValue().current();
            long start = entry.getKey() * SECTOR;
            if (content != null && start < end) {
                target.write(ByteBuffer.wrap(content, 0, (int) Math.min(SECTOR, end - start)), start);
            }
        }
        target.truncate(end);
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public String protocol() {
        return "reordering";
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
    public synchronized long size() throws ImageException {
        requireOpen();
        return length();
    }

    @Override
    public synchronized long allocatedSize() throws ImageException {
        requireOpen();
        return (long) sectors.size() * SECTOR;
    }

    @Override
    public Limits limits() {
        return Limits.BYTES;
    }

    @Override
    public synchronized void read(ByteBuffer destination, long hostOffset) throws ImageException {
        requireOpen();
        requireRange(hostOffset, destination.remaining());
        for (long at = hostOffset; destination.hasRemaining(); ) {
            int inSector = (int) (at % SECTOR);
            int count = Math.min(SECTOR - inSector, destination.remaining());
            destination.put(content(at / SECTOR), inSector, count);
            at += count;
        }
    }

    @Override
    public synchronized void write(ByteBuffer source, long hostOffset) throws IOException {
        int count = source.remaining();
        requireRange(hostOffset, count);
        change();
        if (count == 0) {
            return;
        }
        for (long at = hostOffset; source.hasRemaining(); ) {
            int inSector = (int) (at % SECTOR);
            int piece = Math.min(SECTOR - inSector, source.remaining());
            byte[] content = content(at / SECTOR).clone();
            source.get(content, inSector, piece);
            put(at / SECTOR, content);
            at += piece;
        }
        setLength(Math.max(length(), hostOffset + count));
    }

    @Override
    public synchronized Outcome zero(long hostOffset, long length, boolean keepAllocated) throws IOException {
        requireRange(hostOffset, length);
        if (keepAllocated) {
            requireOpen();
            return Outcome.UNSUPPORTED;
        }
        change();
        clear(hostOffset, hostOffset + length);
        setLength(Math.max(length(), hostOffset + length));
        return Outcome.DONE;
    }

    @Override
    public synchronized Outcome punch(long hostOffset, long length) throws IOException {
        requireRange(hostOffset, length);
        change();
        clear(hostOffset, hostOffset + length);
        return Outcome.DONE;
    }

    @Override
    public synchronized Outcome allocate(long hostOffset, long length) throws ImageException {
        requireOpen();
        requireRange(hostOffset, length);
        return Outcome.UNSUPPORTED;
    }

    @Override
    public synchronized void truncate(long newSize) throws IOException {
        requireRange(newSize, 0);
        change();
        if (newSize < length()) {
            clear(newSize, length());
        }
        setLength(newSize);
    }

    @Override
    public boolean growsWithZeroes() {
        return true;
    }

    @Override
    public synchronized HostExtent extentAt(long hostOffset, long length) throws ImageException {
        requireOpen();
        requireRange(hostOffset, length);
        long end = hostOffset + length;
        boolean hole = isHole(hostOffset / SECTOR);
        long next = hostOffset / SECTOR + 1;
        while (next * SECTOR < end && isHole(next) == hole) {
            next++;
        }
        return new HostExtent(hostOffset, Math.min(end, next * SECTOR) - hostOffset, hole);
    }

    @Override
    public synchronized Outcome copyFrom(Storage source, long sourceOffset, long hostOffset, long length)
            throws ImageException {
        requireOpen();
        return Outcome.UNSUPPORTED;
    }

    @Override
    public synchronized void flush() throws IOException {
        change();
        for (Sector sector : unflushed) {
            sector.flush();
        }
        unflushed.clear();
        long length = length();
        lengths.clear();
        lengths.add(length);
        requests = 0;
    }

    /** Closes it and keeps the disk, what is unflushed included, for {@link #reopen}. */
    @Override
    public synchronized void close() {
        closed = true;
    }

    /** Makes a closed storage usable again. */
    public synchronized ReorderingStorage reopen() {
        closed = false;
        return this;
    }

    @Override
    public String toString() {
        return name;
    }

    private void change() throws IOException {
        requireOpen();
        if (observer != null) {
            observer.before(changes);
        }
        changes++;
        requests++;
    }

    private long length() {
        return lengths.get(lengths.size() - 1);
    }

    private void setLength(long length) {
        if (length != length()) {
            lengths.add(length);
        }
    }

    private byte[] content(long number) {
        Sector sector = sectors.get(number);
        byte[] content = sector == null ? null : sector.current();
        return content == null ? Sector.ZEROES : content;
    }

    private boolean isHole(long number) {
        Sector sector = sectors.get(number);
        return sector == null || sector.current() == null;
    }

    private void put(long number, byte @Nullable [] content) {
        Sector sector = sectors.computeIfAbsent(number, unused -> new Sector(null));
        if (sector.write(requests, content)) {
            unflushed.add(sector);
        }
    }

    /** Makes a range zero; sectors that nobody ever wrote stay unknown. */
    private void clear(long start, long end) {
        if (start == end) {
            return;
        }
        for (long number : List.copyOf(
                sectors.subMap(start / SECTOR, true, (end - 1) / SECTOR, true).keySet())) {
            long first = Math.max(start - number * SECTOR, 0);
            long last = Math.min(end - number * SECTOR, SECTOR);
            if (last - first == SECTOR) {
                put(number, null);
            } else if (!isHole(number)) {
                byte[] content = content(number).clone();
                java.util.Arrays.fill(content, (int) first, (int) last, (byte) 0);
                put(number, content);
            }
        }
    }

    private void requireOpen() throws ImageException {
        if (closed) {
            throw new ImageException(
                    ErrorKind.CLOSED, "'" + name + "' is closed", name, ImageException.NO_OFFSET, null);
        }
    }

    private static void requireRange(long offset, long length) {
        if (offset < 0 || length < 0 || offset > Long.MAX_VALUE - length) {
            throw new IllegalArgumentException("offset " + offset + ", length " + length);
        }
    }

    /**
     * A sector: its content at the last flush, and all that was written to it since. Contents never change once they
     * are here; null is zeroes.
     */
    private static final class Sector {
        static final byte[] ZEROES = new byte[SECTOR];

        private byte @Nullable [] durable;
        private final List<Version> versions = new ArrayList<>(0);

        private record Version(int request, byte @Nullable [] content) {}

        Sector(byte @Nullable [] durable) {
            this.durable = durable;
        }

        byte @Nullable [] current() {
            return versions.isEmpty()
                    ? durable
                    : versions.get(versions.size() - 1).content();
        }

        /** Returns whether this is the first change since the flush. */
        boolean write(int request, byte @Nullable [] content) {
            versions.add(new Version(request, content));
            return versions.size() == 1;
        }

        void flush() {
            durable = current();
            versions.clear();
        }

        byte @Nullable [] survivor(Survivors survivors) {
            if (versions.isEmpty()) {
                return durable;
            }
            for (int i = versions.size() - 1; i >= 0; i--) {
                if (survivors.keeps(versions.get(i).request())) {
                    return versions.get(i).content();
                }
            }
            return durable;
        }
    }
}
