package io.jimg.host.ipc;

import io.jimg.host.kernel.Kernel;
import io.jimg.host.kernel.Native;
import io.jimg.host.kernel.SystemCall;
import java.io.Closeable;
import java.io.IOException;
import java.lang.ref.Reference;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Objects;
import java.util.Optional;

/**
 * A part of a file, mapped into this process and shared with whoever else maps it, such as the memory of a guest.
 *
 * <p>Buffers are handed out for any part; after {@link #close()} using one is an {@link IllegalStateException}. If
 * somebody makes the file shorter than what is mapped, touching what is gone is an {@link InternalError} in Java and
 * {@code EFAULT} in the kernel. Safe for many threads.
 */
public final class SharedMemory implements Closeable {
    private static final int PROT_READ_WRITE = 3;
    private static final int MAP_SHARED = 1;
    private static final int MFD_CLOEXEC = 1;
    private static final long WINDOW = 1L << 30;

    private final Kernel kernel;
    private final long address;
    private final long mappedLength;
    private final long skipped;
    private final Kernel.MappedBytes bytes;

    /**
     * Buffers of up to 2 GiB, one beginning at each {@link #WINDOW}: a part of a buffer is sooner had than a new one.
     */
    private final ByteBuffer[] windows;

    private boolean closed;

    private SharedMemory(Kernel kernel, long address, long mappedLength, long skipped) {
        this.kernel = kernel;
        this.address = address;
        this.mappedLength = mappedLength;
        this.skipped = skipped;
        this.bytes = kernel.mapped(address, mappedLength);
        this.windows = new ByteBuffer[(int) ((size() + WINDOW - 1) / WINDOW)];
        for (int i = 0; i < windows.length; i++) {
            long offset = i * WINDOW;
            windows[i] = bytes.buffer(skipped + offset, (int) Math.min(Integer.MAX_VALUE, size() - offset));
        }
    }

    /**
     * {@return a new file in memory, without a name among files (memfd), or nothing where the host's calls can't be
     * made}
     *
     * @param name for people
     * @param size bytes, all zero
     * @throws IOException if the host has none to give
     */
    public static Optional<Descriptor> create(String name, long size) throws IOException {
        Kernel kernel = Native.kernel();
        if (kernel == null) {
            return Optional.empty();
        }
        ByteBuffer text = Kernel.struct(name.length() + 1);
        name.chars().forEach(c -> text.put((byte) c));
        long number = kernel.call(SystemCall.MEMFD_CREATE, kernel.addressOf(text), MFD_CLOEXEC, 0, 0, 0, 0);
        Reference.reachabilityFence(text);
        Descriptor file = new Descriptor(kernel, Descriptor.checked(number, name), name);
        try {
            file.truncate(size);
            return Optional.of(file);
        } catch (IOException full) {
            file.close();
            throw full;
        }
    }

    /**
     * Maps a part of a file for reading and writing.
     *
     * @param file may be closed afterwards
     * @param offset where the part begins, at least 0
     * @param length bytes, greater than zero
     * @throws IOException if the part isn't within the file, or can't be mapped
     */
    public static SharedMemory map(Descriptor file, long offset, long length) throws IOException {
        if (offset < 0 || length <= 0 || offset > Long.MAX_VALUE - length) {
            throw new IOException("A mapping of " + length + " bytes at " + offset + " is none");
        }
        long size = file.size();
        if (offset + length > size) {
            // Touching what lies behind the file's end would be a SIGBUS.
            throw new IOException("A mapping of " + length + " bytes at " + offset + " leaves its file of " + size);
        }
        // From the file's beginning on, for what a mapping may begin at depends on the size of the file's pages.
        long mappedLength = offset + length;
        Kernel kernel = file.kernel();
        long address = file.checked(
                file.use(fd -> kernel.call(SystemCall.MMAP, 0, mappedLength, PROT_READ_WRITE, MAP_SHARED, fd, 0)));
        return new SharedMemory(kernel, address, mappedLength, offset);
    }

    /** {@return how many bytes are mapped} */
    public long size() {
        return mappedLength - skipped;
    }

    /**
     * {@return a part as a buffer in little-endian order}
     *
     * @param offset where it begins
     * @param length its length
     * @throws IndexOutOfBoundsException if it isn't within {@link #size()}
     * @throws IllegalStateException if this was closed
     */
    public ByteBuffer buffer(long offset, int length) {
        Objects.checkFromIndexSize(offset, length, size());
        ByteBuffer window = windows[(int) (offset / WINDOW)];
        int place = (int) (offset % WINDOW);
        return length <= window.capacity() - place
                ? window.slice(place, length).order(ByteOrder.LITTLE_ENDIAN)
                : bytes.buffer(skipped + offset, length);
    }

    /**
     * Unmaps it. Again: nothing.
     *
     * @throws IllegalStateException if a channel is just reading into or writing from a buffer of it
     */
    @Override
    public synchronized void close() {
        if (!closed) {
            bytes.revoke();
            closed = true;
            // Nothing that was mapped in one piece can fail to be unmapped in one.
            kernel.call(SystemCall.MUNMAP, address, mappedLength, 0, 0, 0, 0);
        }
    }
}
