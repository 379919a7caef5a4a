package io.jimg.host.file;

import io.jimg.host.Errno;
import io.jimg.host.HostException;
import io.jimg.host.kernel.Kernel;
import io.jimg.host.kernel.Native;
import io.jimg.host.kernel.OpenDescriptor;
import io.jimg.host.kernel.SystemCall;
import java.io.Closeable;
import java.io.IOException;
import java.lang.ref.Reference;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.ReadOnlyBufferException;
import java.nio.channels.NonWritableChannelException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * A file or block device, opened a second time beside Java's channel for the calls that the Java platform doesn't have:
 * holes, punching, zeroing, reserving, cloning, byte locks, and transfers of several buffers at once; and for reads and
 * writes around which, other than Java's channels, no two threads meet in a lock.
 *
 * <p>Available on Linux (x86_64, aarch64) with Java 22 or newer, where native access is enabled for this module (or the
 * unnamed one, if we are on the class path) or the system property {@code jimg.native} is {@code on}. Elsewhere
 * {@link #open} answers that it is not here. What a file system or a device doesn't know is {@link Outcome#UNSUPPORTED}
 * or an empty optional and changes nothing; what fails is a {@link HostException}.
 *
 * <p>Offsets and lengths are bytes of the file, from 0; a negative one, or an end past 2<sup>63</sup>-1, is an
 * {@link IllegalArgumentException}. Safe for use by several threads. No call is cut short by a thread's interrupt.
 */
public final class HostFile implements Closeable {
    private static final int AT_FDCWD = -100;
    private static final int O_RDWR = 0x2;
    private static final int O_NONBLOCK = 0x800;
    private static final int O_CLOEXEC = 0x80000;

    private static final int SEEK_END = 2;
    private static final int SEEK_DATA = 3;
    private static final int SEEK_HOLE = 4;

    private static final int FALLOC_FL_KEEP_SIZE = 0x1;
    private static final int FALLOC_FL_PUNCH_HOLE = 0x2;
    private static final int FALLOC_FL_ZERO_RANGE = 0x10;

    private static final int FICLONE = 0x40049409;
    private static final int FICLONERANGE = 0x4020940d;
    private static final int BLKDISCARD = 0x1277;
    private static final int BLKSSZGET = 0x1268;
    private static final int BLKPBSZGET = 0x127b;
    private static final int BLKGETSIZE64 = 0x80081272;

    private final Kernel kernel;
    private final int number;
    private final OpenDescriptor descriptor;
    private final String name;
    private final boolean writable;
    private final Object fileKey;

    private HostFile(Kernel kernel, int number, String name, boolean writable, Object fileKey) {
        this.kernel = kernel;
        this.number = number;
        this.descriptor = new OpenDescriptor(kernel, number);
        this.name = name;
        this.writable = writable;
        this.fileKey = fileKey;
    }

    /**
     * {@return whether this host's calls can be made at all by this process} The first call looks, and may take 50 ms.
     */
    public static boolean isAvailable() {
        return Native.kernel() != null;
    }

    /**
     * Opens an existing file or block device of the default file system. Nothing is created, truncated or waited for.
     *
     * @param path the file; symbolic links are followed
     * @param writable whether it is opened for reading and writing, or for reading alone
     * @return the file, or nothing where the host's calls can't be made
     * @throws HostException if it can't be opened
     */
    public static Optional<HostFile> open(Path path, boolean writable) throws IOException {
        Kernel kernel = Native.kernel();
        if (kernel == null) {
            return Optional.empty();
        }
        String name = path.toString();
        ByteBuffer pathBytes = nullTerminatedBytes(path.toAbsolutePath().toUri());
        int flags = (writable ? O_RDWR : 0) | O_NONBLOCK | O_CLOEXEC;
        long result = kernel.call(SystemCall.OPENAT, AT_FDCWD, kernel.addressOf(pathBytes), flags, 0, 0, 0);
        Reference.reachabilityFence(pathBytes);
        int descriptor = (int) checked(result, name);
        Object fileKey = null;
        try {
            fileKey = Files.readAttributes(descriptorPath(descriptor), BasicFileAttributes.class)
                    .fileKey();
        } catch (IOException noProc) {
            // Without /proc nobody can tell whether this is the file that the Java channel has open.
        }
        if (fileKey == null) {
            kernel.call(SystemCall.CLOSE, descriptor, 0, 0, 0, 0, 0);
            return Optional.empty();
        }
        return Optional.of(new HostFile(kernel, descriptor, name, writable, fileKey));
    }

    /**
     * {@return which file this is: equal for two names of one file, and to
     * {@link java.nio.file.attribute.BasicFileAttributes#fileKey()} of the same file}
     */
    public Object fileKey() {
        return fileKey;
    }

    /**
     * {@return a path by which Java opens this very file again, even when its name has meanwhile become another's} Of
     * use until this is closed.
     */
    public Path reopenPath() {
        return descriptorPath(number);
    }

    /** {@return whether it was opened for writing} */
    public boolean isWritable() {
        return writable;
    }

    /**
     * Finds where data begin. Where no track is kept of holes, as on a block device, everything is data.
     *
     * @param offset where to look from
     * @return the first byte at or after {@code offset} that is not in a hole; nothing if from there to the end all is
     *     hole
     * @throws IOException if it can't be told
     */
    public OptionalLong nextData(long offset) throws IOException {
        requireRange(offset, 0);
        long result = call(SystemCall.LSEEK, offset, SEEK_DATA, 0, 0, 0);
        if (result == -Errno.EINVAL) {
            return offset < end() ? OptionalLong.of(offset) : OptionalLong.empty();
        }
        return result == -Errno.ENXIO ? OptionalLong.empty() : OptionalLong.of(checked(result, name));
    }

    /**
     * Finds where data end. The end of the file counts as a hole.
     *
     * @param offset where to look from
     * @return the first byte at or after {@code offset} that is in a hole, at most the file's size; {@code offset}
     *     itself if that is at or past the end
     * @throws IOException if it can't be told
     */
    public long nextHole(long offset) throws IOException {
        requireRange(offset, 0);
        long result = call(SystemCall.LSEEK, offset, SEEK_HOLE, 0, 0, 0);
        if (result == -Errno.EINVAL) {
            return Math.max(offset, end());
        }
        return result == -Errno.ENXIO ? offset : checked(result, name);
    }

    /** {@return the size, for the block devices and file systems that keep no track of holes} */
    private long end() throws IOException {
        return checked(call(SystemCall.LSEEK, 0, SEEK_END, 0, 0, 0));
    }

    /**
     * Gives a range's space back to the file system or the device; it reads as zeros from then on. The size stays.
     *
     * @param offset where the range begins
     * @param length its length; it may reach past the end
     * @return {@link Outcome#DONE} or {@link Outcome#UNSUPPORTED}
     * @throws IOException if it fails
     */
    public Outcome punchHole(long offset, long length) throws IOException {
        return allocation(FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, offset, length);
    }

    /**
     * Makes a range read as zeros without writing them and keeps its space reserved. The file grows to the range's end
     * if it was shorter; another thread that makes it longer still meanwhile does no harm.
     *
     * @param offset where the range begins
     * @param length its length
     * @return {@link Outcome#DONE} or {@link Outcome#UNSUPPORTED}
     * @throws IOException if it fails, for want of space too
     */
    public Outcome zeroRange(long offset, long length) throws IOException {
        return allocation(FALLOC_FL_ZERO_RANGE, offset, length);
    }

    /**
     * Reserves a range's space, so that no later write to it fails for want of some. What is there stays, what is new
     * reads as zeros, and the file grows to the range's end if it was shorter.
     *
     * @param offset where the range begins
     * @param length its length
     * @return {@link Outcome#DONE} or {@link Outcome#UNSUPPORTED}
     * @throws IOException if it fails, for want of space too
     */
    public Outcome allocate(long offset, long length) throws IOException {
        return allocation(0, offset, length);
    }

    /**
     * Sets the size. What is cut off is lost, what is new reads as zeros and occupies no space.
     *
     * @param size the new size
     * @throws IOException if it fails
     */
    public void truncate(long size) throws IOException {
        requireRange(size, 0);
        requireWritable();
        checked(call(SystemCall.FTRUNCATE, size, 0, 0, 0, 0));
    }

    /**
     * Reads into a buffer, in one call.
     *
     * @param destination a direct buffer that can be written; its position moves behind what was read
     * @param offset where to read from
     * @return how many bytes were read; 0 at the file's end, or where there is no room
     * @throws IOException if it fails
     */
    public int read(ByteBuffer destination, long offset) throws IOException {
        if (destination.isReadOnly()) {
            throw new ReadOnlyBufferException();
        }
        return transfer(SystemCall.PREAD64, destination, offset);
    }

    /**
     * Writes a buffer, in one call.
     *
     * @param source a direct buffer; its position moves behind what was written
     * @param offset where to write to
     * @return how many bytes were written, as a rule all
     * @throws IOException if it fails, for want of space too
     */
    public int write(ByteBuffer source, long offset) throws IOException {
        requireWritable();
        return transfer(SystemCall.PWRITE64, source, offset);
    }

    private int transfer(SystemCall call, ByteBuffer buffer, long offset) throws IOException {
        int length = buffer.remaining();
        requireRange(offset, length);
        long address = addressOf(buffer) + buffer.position();
        int done = (int) checked(call(call, address, length, offset, 0, 0));
        Reference.reachabilityFence(buffer);
        buffer.position(buffer.position() + done);
        return done;
    }

    /**
     * Reads into several buffers in turn, in one call.
     *
     * @param destinations direct buffers that can be written; of more than 1,024 the first ones; their positions move
     *     behind what was read
     * @param offset where to read from
     * @return how many bytes were read, as a rule all but at the file's end
     * @throws IOException if it fails
     */
    public int read(ByteBuffer[] destinations, long offset) throws IOException {
        return vectored(SystemCall.PREADV, destinations, offset);
    }

    /**
     * Writes several buffers in turn, in one call.
     *
     * @param sources direct buffers; of more than 1,024 the first ones; their positions move behind what was written
     * @param offset where to write to
     * @return how many bytes were written, as a rule all
     * @throws IOException if it fails, for want of space too
     */
    public int write(ByteBuffer[] sources, long offset) throws IOException {
        requireWritable();
        return vectored(SystemCall.PWRITEV, sources, offset);
    }

    /** A place for each thread to list buffers; not made before somebody has several. */
    private static final class Vectors {
        /** How many buffers a call takes. */
        static final int MOST = 1024;

        static final ThreadLocal<ByteBuffer> OF_THREAD = ThreadLocal.withInitial(() -> Kernel.struct(16 * MOST));
    }

    private int vectored(SystemCall call, ByteBuffer[] buffers, long offset) throws IOException {
        requireRange(offset, 0);
        int count = Math.min(buffers.length, Vectors.MOST);
        ByteBuffer vectors = Vectors.OF_THREAD.get();
        for (int i = 0; i < count; i++) {
            ByteBuffer each = buffers[i];
            if (call == SystemCall.PREADV && each.isReadOnly()) {
                throw new ReadOnlyBufferException();
            }
            vectors.putLong(16 * i, addressOf(each) + each.position()).putLong(16 * i + 8, each.remaining());
        }
        long result = call(call, kernel.addressOf(vectors), count, offset, 0, 0);
        Reference.reachabilityFence(vectors);
        Reference.reachabilityFence(buffers);
        int done = (int) checked(result);
        int left = done;
        for (int i = 0; left > 0; i++) {
            int part = Math.min(left, buffers[i].remaining());
            buffers[i].position(buffers[i].position() + part);
            left -= part;
        }
        return done;
    }

    /**
     * Makes this file's content that of another, sharing its space.
     *
     * @param source the other file
     * @return what came of it
     * @throws IOException if it fails
     */
    public Outcome cloneFrom(HostFile source) throws IOException {
        requireWritable();
        return cloneOutcome(source.descriptor.use(from -> call(SystemCall.IOCTL, FICLONE, from, 0, 0, 0)));
    }

    /**
     * Makes a range's content that of another file's range, sharing its space.
     *
     * @param source the other file, or this one
     * @param sourceOffset where the range begins in {@code source}; as a rule a multiple of the file system's block
     * @param offset where it begins here; the same
     * @param length its length; the same, unless it ends with the source
     * @return what came of it; {@link Outcome#UNSUPPORTED} too where the file system can't share blocks so aligned
     * @throws IOException if it fails
     */
    public Outcome cloneRangeFrom(HostFile source, long sourceOffset, long offset, long length) throws IOException {
        requireRange(sourceOffset, length);
        requireRange(offset, length);
        requireWritable();
        if (length == 0) {
            return Outcome.DONE; // to the kernel a length of 0 means up to the end
        }
        return cloneOutcome(source.descriptor.use(from -> {
            ByteBuffer range = Kernel.struct(32)
                    .putLong(0, from)
                    .putLong(8, sourceOffset)
                    .putLong(16, length)
                    .putLong(24, offset);
            return call(SystemCall.IOCTL, FICLONERANGE, range);
        }));
    }

    /**
     * Copies a range from another file without passing through this process; the file system may share the space, or
     * have a server copy it.
     *
     * @param source the other file
     * @param sourceOffset where the range begins in {@code source}
     * @param offset where it goes to; the file grows as by a write
     * @param length the most to copy
     * @return how many bytes were copied: 0 only where {@code length} is 0 or {@code source} ends, and as a rule less
     *     than a long {@code length}; or nothing where the host can't copy between these two files
     * @throws IOException if it fails
     */
    public OptionalLong copyRangeFrom(HostFile source, long sourceOffset, long offset, long length) throws IOException {
        requireRange(sourceOffset, length);
        requireRange(offset, length);
        requireWritable();
        long result = source.descriptor.use(from -> {
            ByteBuffer offsets = Kernel.struct(16).putLong(0, sourceOffset).putLong(8, offset);
            long address = kernel.addressOf(offsets);
            try {
                return descriptor.use(
                        to -> kernel.call(SystemCall.COPY_FILE_RANGE, from, address, to, address + 8, length, 0));
            } finally {
                Reference.reachabilityFence(offsets);
            }
        });
        if (isUnsupported(result) || result == -Errno.EXDEV || result == -Errno.EINVAL) {
            return OptionalLong.empty();
        }
        return OptionalLong.of(checked(result, name));
    }

    /**
     * {@return how many bytes of the file system's space the file occupies, as {@code du} counts them: its
     * {@code st_blocks} times 512}
     *
     * @throws IOException if it can't be told
     */
    public long allocatedSize() throws IOException {
        return Statx.of(this).allocatedSize();
    }

    /**
     * {@return what direct I/O to this file demands, where the kernel (6.1 and newer) tells it}
     *
     * @throws IOException if the file can't be asked
     */
    public Optional<DirectAlignment> directAlignment() throws IOException {
        return Statx.of(this).directAlignment();
    }

    /**
     * {@return the size and sectors of the block device that this is; nothing for any other file}
     *
     * @throws IOException if a device doesn't tell them
     */
    public Optional<DeviceGeometry> deviceGeometry() throws IOException {
        ByteBuffer answer = Kernel.struct(8);
        long result = call(SystemCall.IOCTL, BLKGETSIZE64, answer);
        if (isUnsupported(result)) {
            return Optional.empty();
        }
        checked(result, name);
        long size = answer.getLong(0);
        checked(call(SystemCall.IOCTL, BLKSSZGET, answer), name);
        int logical = answer.getInt(0);
        checked(call(SystemCall.IOCTL, BLKPBSZGET, answer), name);
        return Optional.of(new DeviceGeometry(size, logical, answer.getInt(0)));
    }

    /**
     * Tells a block device that a range's content is not wanted any more. What it reads as afterwards is the device's
     * affair.
     *
     * @param offset where the range begins, a multiple of the logical sector
     * @param length its length, a multiple of the logical sector
     * @return {@link Outcome#DONE}, or {@link Outcome#UNSUPPORTED} by a device that can't, and by any other file
     * @throws IOException if it fails
     */
    public Outcome discardSectors(long offset, long length) throws IOException {
        requireRange(offset, length);
        requireWritable();
        return outcome(call(
                SystemCall.IOCTL,
                BLKDISCARD,
                Kernel.struct(16).putLong(0, offset).putLong(8, length)));
    }

    /** Closes it, after the calls in flight, and drops its byte locks. Again: nothing. */
    @Override
    public void close() throws IOException {
        checked(descriptor.close(), name);
    }

    /** {@return the path as it was given} */
    @Override
    public String toString() {
        return name;
    }

    /**
     * Makes a call whose second argument is a number and whose third points to a structure that the kernel reads or
     * fills in.
     */
    long call(SystemCall call, long number, ByteBuffer struct) throws IOException {
        try {
            return call(call, number, kernel.addressOf(struct), 0, 0, 0);
        } finally {
            Reference.reachabilityFence(struct);
        }
    }

    /** Makes a call whose first argument is the file. */
    long call(SystemCall call, long b, long c, long d, long e, long f) throws IOException {
        return descriptor.use(fd -> kernel.call(call, fd, b, c, d, e, f));
    }

    /** {@return the address of a direct buffer, which the caller keeps reachable} */
    long addressOf(ByteBuffer direct) {
        if (!direct.isDirect()) {
            throw new IllegalArgumentException("the buffer is on the heap");
        }
        return kernel.addressOf(direct);
    }

    /** {@return a result that isn't negative; a negative one is thrown} */
    long checked(long result) throws HostException {
        return checked(result, name);
    }

    private static Path descriptorPath(int descriptor) {
        return Path.of("/proc/self/fd/" + descriptor);
    }

    /**
     * A path's bytes. Java decodes them by the locale on the way in and may lose some in its strings, but not in its
     * URIs.
     */
    private static ByteBuffer nullTerminatedBytes(URI file) {
        String raw = file.getRawPath();
        ByteBuffer bytes = Kernel.struct(raw.length() + 1);
        for (int i = 0; i < raw.length(); i++) {
            char c = raw.charAt(i);
            if (c == '%') {
                bytes.put((byte) Integer.parseInt(raw, i + 1, i + 3, 16));
                i += 2;
            } else {
                bytes.put((byte) c);
            }
        }
        bytes.put((byte) 0);
        return bytes;
    }

    private Outcome allocation(int mode, long offset, long length) throws IOException {
        requireRange(offset, length);
        requireWritable();
        if (length == 0) {
            return Outcome.DONE;
        }
        return outcome(call(SystemCall.FALLOCATE, mode, offset, length, 0, 0));
    }

    private Outcome cloneOutcome(long result) throws HostException {
        if (result == -Errno.EXDEV) {
            return Outcome.CROSS_DEVICE;
        }
        return result == -Errno.EINVAL ? Outcome.UNSUPPORTED : outcome(result);
    }

    /** {@return what came of a call that has no result but success} */
    Outcome outcome(long result) throws HostException {
        if (isUnsupported(result)) {
            return Outcome.UNSUPPORTED;
        }
        checked(result, name);
        return Outcome.DONE;
    }

    private static boolean isUnsupported(long result) {
        return result == -Errno.EOPNOTSUPP
                || result == -Errno.ENOSYS
                || result == -Errno.ENOTTY
                || result == -Errno.ENODEV;
    }

    private static long checked(long result, String name) throws HostException {
        if (result < 0) {
            throw new HostException(name, (int) -result);
        }
        return result;
    }

    private void requireWritable() {
        if (!writable) {
            throw new NonWritableChannelException();
        }
    }

    private static void requireRange(long offset, long length) {
        if (offset < 0 || length < 0 || offset > Long.MAX_VALUE - length) {
            throw new IllegalArgumentException("offset " + offset + ", length " + length);
        }
    }
}
