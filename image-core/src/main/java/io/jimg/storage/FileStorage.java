package io.jimg.storage;

import io.jimg.CacheMode;
import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.Limits;
import io.jimg.host.file.DeviceGeometry;
import io.jimg.host.file.DirectAlignment;
import io.jimg.host.file.DiskUsage;
import io.jimg.host.file.FileHints;
import io.jimg.host.file.FileLocks;
import io.jimg.host.file.HostFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.AsynchronousFileChannel;
import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * A file or block device of the host.
 *
 * <p>Holes, punching, zeroing, reserving and copying within the host need {@link HostFile}; where it is not there, they
 * are {@link Outcome#UNSUPPORTED}, every byte counts as data, and {@link #allocatedSize()} asks the host's program
 * {@code stat}. The bytes are the same either way.
 *
 * <p>Other processes are kept out by {@link #share}, in QEMU's way. Without {@link HostFile} the locks are of POSIX's
 * kind: see {@link FileLocks} for what can undo them, and what they do not see.
 */
public final class FileStorage implements Storage {
    /** Where two readers side by side are fastest. */
    private static final int PREFERRED_TRANSFER = 256 << 10;

    /** In which most file systems give space back. */
    private static final int HOLE = 4096;

    private final String name;
    private final HostPath path;
    private final boolean readOnly;
    private final CacheMode cache;
    private final AsynchronousFileChannel channel;
    private final Optional<HostFile> host;
    private final FileLocks openings;
    private final @Nullable ImageLocks locks;
    private final FileBytes bytes;
    private final FileLength length;
    private final Limits limits;
    private final int sector;

    /** Asked for in advance, and not used yet. */
    private final AtomicReference<@Nullable DiskUsage> expected = new AtomicReference<>();

    private volatile @Nullable ImageException failedFlush;

    private final LastData lastData = new LastData();

    /** Takes over what {@link HostPath#open} opened. */
    FileStorage(HostPath path, HostPath.Opened opened, boolean writable, CacheMode cache, boolean locking)
            throws IOException {
        this.name = path.name();
        this.path = path;
        this.readOnly = !writable;
        this.cache = cache;
        this.channel = opened.channel();
        this.host = opened.host();
        this.openings = FileLocks.of(channel, path.fileKey(), host);
        try {
            this.length = new FileLength(path, channel, host, openings);
            this.locks = locking ? new ImageLocks(openings, name) : null;
            Optional<DeviceGeometry> device =
                    path.isDevice() && host.isPresent() ? host.get().deviceGeometry() : Optional.empty();
            this.sector = device.map(DeviceGeometry::logicalSector).orElse(path.isDevice() ? 512 : 1);
            FileBytes byChannel = new ChannelBytes(channel, 1);
            FileBytes cached =
                    host.<FileBytes>map(file -> new HostBytes(file, byChannel)).orElse(byChannel);
            int alignment = 1;
            if (cache.direct()) {
                alignment = directAlignment();
                AsynchronousFileChannel direct = HostPath.channel(opened.reopen(), writable, DirectBytes.option());
                openings.alsoClose(direct);
                this.bytes = new DirectBytes(new ChannelBytes(direct, alignment), cached, alignment);
            } else {
                this.bytes = cached;
            }
            int hole = Math.max(HOLE, sector);
            this.limits =
                    new Limits(alignment, hole, hole, alignment, PREFERRED_TRANSFER, Limits.DEFAULT_LARGEST_TRANSFER);
        } catch (IOException | RuntimeException failure) {
            try {
                openings.close();
            } catch (IOException second) {
                failure.addSuppressed(second);
            }
            throw failure;
        }
    }

    /**
     * Opens a file that exists.
     *
     * @param file the file, or a block device
     * @param writable whether it is to be written
     * @throws ImageException {@link ErrorKind#NOT_FOUND}, {@link ErrorKind#PERMISSION} ...
     */
    public static FileStorage open(Path file, boolean writable) throws IOException {
        return open(file.toString(), writable, CacheMode.WRITEBACK, true, HostPath.Kind.ANY);
    }

    /**
     * Makes a file, or empties one, and opens it for writing; see {@link io.jimg.spi.ProtocolDriver#create}.
     *
     * @param file the file
     * @throws ImageException {@link ErrorKind#LOCKED}, {@link ErrorKind#PERMISSION} ...
     */
    public static FileStorage create(Path file) throws IOException {
        return create(file.toString(), CacheMode.WRITEBACK, true, HostPath.Kind.ANY);
    }

    static FileStorage open(String name, boolean writable, CacheMode cache, boolean locking, HostPath.Kind kind)
            throws IOException {
        String prefix = "Could not open '" + name + "': ";
        try {
            HostPath path = HostPath.of(name, kind);
            return new FileStorage(path, path.open(writable), writable, cache, locking);
        } catch (IOException failure) {
            throw HostErrors.of(failure, prefix, name);
        }
    }

    static FileStorage create(String name, CacheMode cache, boolean locking, HostPath.Kind kind) throws IOException {
        try {
            HostPath path = HostPath.ofNew(name, kind);
            FileStorage storage = new FileStorage(path, path.open(true), true, cache, locking);
            try {
                storage.share(Sharing.CREATION);
                if (!path.isDevice()) {
                    storage.truncate(0);
                }
                return storage;
            } catch (IOException | RuntimeException failure) {
                storage.close();
                throw failure;
            }
        } catch (IOException failure) {
            throw HostErrors.of(failure, "Could not create '" + name + "': ", name);
        }
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public String protocol() {
        return path.isDevice() ? HostDeviceProtocol.NAME : FileProtocol.NAME;
    }

    @Override
    public Object identity() {
        return path.identity();
    }

    @Override
    public boolean readOnly() {
        return readOnly;
    }

    @Override
    public long size() throws IOException {
        try {
            return channel.size();
        } catch (IOException failure) {
            throw failed(failure);
        }
    }

    /**
     * Has the next {@link #allocatedSize()} answered sooner, where the answer takes another program: that runs from now
     * on, beside the caller.
     */
    void expectAllocatedSize() {
        if (host.isEmpty()) {
            expected.set(DiskUsage.ask(path.path(), path.fileKey()));
        }
    }

    @Override
    public long allocatedSize() throws IOException {
        try {
            if (host.isPresent()) {
                return host.get().allocatedSize();
            }
            long size = channel.size();
            DiskUsage known = expected.getAndSet(null);
            return (known != null ? known : DiskUsage.ask(path.path(), path.fileKey()))
                    .answer()
                    .orElse(size);
        } catch (IOException failure) {
            throw failed(failure);
        }
    }

    @Override
    public Limits limits() {
        return limits;
    }

    @Override
    public void read(ByteBuffer destination, long hostOffset) throws IOException {
        requireRange(hostOffset, destination.remaining());
        try {
            bytes.read(destination, hostOffset);
        } catch (IOException failure) {
            throw failed(failure);
        }
        // What lies behind the end.
        while (destination.remaining() >= Long.BYTES) {
            destination.putLong(0);
        }
        while (destination.hasRemaining()) {
            destination.put((byte) 0);
        }
    }

    @Override
    public void write(ByteBuffer source, long hostOffset) throws IOException {
        requireRange(hostOffset, source.remaining());
        requireWritable();
        length.growing().lock();
        try {
            bytes.write(source, hostOffset);
        } catch (IOException failure) {
            throw failed(failure);
        } finally {
            length.growing().unlock();
        }
    }

    @Override
    public void read(ByteBuffer[] destinations, long hostOffset) throws IOException {
        int done = 0;
        if (canBeVectored(destinations)) {
            requireRange(hostOffset, 0);
            try {
                done = host.orElseThrow().read(destinations, hostOffset);
            } catch (IOException failure) {
                throw failed(failure);
            }
        }
        finish(destinations, hostOffset + done, this::read);
    }

    @Override
    public void write(ByteBuffer[] sources, long hostOffset) throws IOException {
        int done = 0;
        requireWritable();
        if (canBeVectored(sources)) {
            requireRange(hostOffset, 0);
            length.growing().lock();
            try {
                done = host.orElseThrow().write(sources, hostOffset);
            } catch (IOException failure) {
                throw failed(failure);
            } finally {
                length.growing().unlock();
            }
        }
        finish(sources, hostOffset + done, this::write);
    }

    /** Whether the host can take the buffers in one call. */
    private boolean canBeVectored(ByteBuffer[] buffers) {
        if (host.isEmpty() || cache.direct() || buffers.length < 2) {
            return false;
        }
        for (ByteBuffer each : buffers) {
            if (!each.isDirect()) {
                return false;
            }
        }
        return true;
    }

    /** A read or a write of one buffer. */
    private interface Transfer {
        void of(ByteBuffer buffer, long hostOffset) throws IOException;
    }

    /** Transfers what one call of the host has left. */
    private static void finish(ByteBuffer[] buffers, long hostOffset, Transfer transfer) throws IOException {
        long at = hostOffset;
        for (ByteBuffer each : buffers) {
            if (each.hasRemaining()) {
                int length = each.remaining();
                transfer.of(each, at);
                at += length;
            }
        }
    }

    @Override
    public Outcome zero(long hostOffset, long length, boolean keepAllocated) throws IOException {
        requireRange(hostOffset, length);
        requireWritable();
        try {
            if (keepAllocated) {
                if (host.isEmpty() || !isSectorAligned(hostOffset, length)) {
                    return Outcome.UNSUPPORTED;
                }
                try {
                    return outcome(host.get().zeroRange(hostOffset, length));
                } finally {
                    lastData.forget();
                }
            }
            long size = channel.size();
            long inside = Math.max(0, Math.min(length, size - hostOffset));
            if (inside > 0 && punchInside(hostOffset, inside) == Outcome.UNSUPPORTED) {
                return Outcome.UNSUPPORTED;
            }
            if (hostOffset + length > size) {
                this.length.growTo(hostOffset + length);
            }
            return Outcome.DONE;
        } catch (IOException failure) {
            throw failed(failure);
        }
    }

    @Override
    public Outcome punch(long hostOffset, long length) throws IOException {
        requireRange(hostOffset, length);
        requireWritable();
        try {
            long inside = Math.min(length, channel.size() - hostOffset);
            return inside <= 0 ? Outcome.DONE : punchInside(hostOffset, inside);
        } catch (IOException failure) {
            throw failed(failure);
        }
    }

    private Outcome punchInside(long hostOffset, long inside) throws IOException {
        if (host.isEmpty() || !isSectorAligned(hostOffset, inside)) {
            return Outcome.UNSUPPORTED;
        }
        try {
            return outcome(host.get().punchHole(hostOffset, inside));
        } finally {
            lastData.forget();
        }
    }

    @Override
    public Outcome stopCopyOnWrite() throws IOException {
        return hint(FileHints::noCopyOnWrite);
    }

    @Override
    public Outcome hintExtentSize(long bytes) throws IOException {
        return hint(file -> FileHints.extentSize(file, bytes));
    }

    /** Something that the host is told of a file. */
    private interface Hint {
        io.jimg.host.file.Outcome tell(HostFile file) throws IOException;
    }

    private Outcome hint(Hint hint) throws IOException {
        try {
            return host.isPresent() && !path.isDevice() ? outcome(hint.tell(host.get())) : Outcome.UNSUPPORTED;
        } catch (IOException failure) {
            throw failed(failure);
        }
    }

    @Override
    public Outcome allocate(long hostOffset, long length) throws IOException {
        requireRange(hostOffset, length);
        requireWritable();
        try {
            return host.isPresent() && !path.isDevice()
                    ? outcome(host.get().allocate(hostOffset, length))
                    : Outcome.UNSUPPORTED;
        } catch (IOException failure) {
            throw failed(failure);
        }
    }

    @Override
    public void truncate(long newSize) throws IOException {
        requireRange(newSize, 0);
        requireWritable();
        try {
            length.set(newSize);
            lastData.forget();
        } catch (IOException failure) {
            throw failed(failure);
        }
    }

    @Override
    public boolean growsWithZeroes() {
        return !path.isDevice();
    }

    @Override
    public HostExtent extentAt(long hostOffset, long length) throws IOException {
        if (length <= 0) {
            throw new IllegalArgumentException("length " + length);
        }
        requireRange(hostOffset, length);
        try {
            long end = hostOffset + length;
            long size = channel.size();
            if (hostOffset >= size) {
                return new HostExtent(hostOffset, length, true);
            }
            if (host.isEmpty()) {
                return new HostExtent(hostOffset, Math.min(end, size) - hostOffset, false);
            }
            LastData.Run run = lastData.run();
            if (!run.holds(hostOffset)) {
                OptionalLong data = host.get().nextData(hostOffset);
                if (data.isEmpty() || data.getAsLong() > hostOffset) {
                    return new HostExtent(hostOffset, Math.min(end, data.orElse(end)) - hostOffset, true);
                }
                run = lastData.find(hostOffset, () -> host.get().nextHole(hostOffset));
            }
            // The file may have changed meanwhile; a byte of data at least is a safe answer. Direct requests see whole
            // blocks.
            int block = limits.requestAlignment();
            long dataEnd = Math.min(end, (Math.min(run.end(), size) + block - 1) / block * block);
            return new HostExtent(hostOffset, Math.max(1, dataEnd - hostOffset), false);
        } catch (IOException failure) {
            throw failed(failure);
        }
    }

    @Override
    public Outcome copyFrom(Storage source, long sourceOffset, long hostOffset, long length) throws IOException {
        requireRange(sourceOffset, length);
        requireRange(hostOffset, length);
        requireWritable();
        if (!(source instanceof FileStorage file) || file.host.isEmpty() || host.isEmpty() || file == this) {
            return Outcome.UNSUPPORTED;
        }
        this.length.growing().lock();
        try {
            long done = 0;
            while (done < length) {
                OptionalLong copied = host.get()
                        .copyRangeFrom(file.host.get(), sourceOffset + done, hostOffset + done, length - done);
                if (copied.isEmpty() || copied.getAsLong() == 0) {
                    // The source ends here, or the kernel will not; what was copied is right, and may be written again.
                    return Outcome.UNSUPPORTED;
                }
                done += copied.getAsLong();
            }
            return Outcome.DONE;
        } catch (IOException failure) {
            throw failed(failure);
        } finally {
            this.length.growing().unlock();
        }
    }

    @Override
    public void share(Sharing sharing) throws IOException {
        if (locks == null) {
            return;
        }
        try {
            locks.apply(sharing);
        } catch (IOException failure) {
            throw failed(failure);
        }
    }

    @Override
    public void flush() throws IOException {
        if (readOnly || cache.noFlush()) {
            return;
        }
        ImageException earlier = failedFlush;
        if (earlier != null) {
            // The kernel forgets what it failed to write: a later success would not cover it.
            throw earlier.prefixed("An earlier flush failed: ");
        }
        try {
            channel.force(false);
        } catch (IOException failure) {
            ImageException failed = failed(failure);
            if (failed.kind() != ErrorKind.CLOSED) {
                failedFlush = failed;
            }
            throw failed;
        }
    }

    @Override
    public void close() throws IOException {
        try {
            openings.close();
        } catch (IOException failure) {
            throw failed(failure);
        }
    }

    @Override
    public String toString() {
        return name;
    }

    private int directAlignment() throws IOException {
        Optional<DirectAlignment> told = host.isPresent() ? host.get().directAlignment() : Optional.empty();
        return told.map(alignment -> Math.max(alignment.memory(), alignment.offset()))
                .orElse(HOLE);
    }

    private boolean isSectorAligned(long offset, long length) {
        return ((offset | length) & (sector - 1)) == 0;
    }

    private static Outcome outcome(io.jimg.host.file.Outcome outcome) {
        return outcome == io.jimg.host.file.Outcome.DONE ? Outcome.DONE : Outcome.UNSUPPORTED;
    }

    private ImageException failed(IOException failure) {
        return HostErrors.of(failure, "", name);
    }

    private void requireWritable() throws ImageException {
        if (readOnly) {
            throw new ImageException(
                    ErrorKind.READ_ONLY,
                    "'" + name + "' is open for reading only",
                    name,
                    ImageException.NO_OFFSET,
                    null);
        }
    }

    private static void requireRange(long offset, long length) {
        if (offset < 0 || length < 0 || offset > Long.MAX_VALUE - length) {
            throw new IllegalArgumentException("offset " + offset + ", length " + length);
        }
    }
}
