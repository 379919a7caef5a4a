package io.jimg.host.ipc;

import io.jimg.host.HostException;
import io.jimg.host.kernel.Kernel;
import io.jimg.host.kernel.OpenDescriptor;
import io.jimg.host.kernel.SystemCall;
import java.io.Closeable;
import java.io.IOException;
import java.lang.ref.Reference;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * A file descriptor of this process, as another process passes one over a {@link LocalSocket}. It is closed once; its
 * number is never used after that. Safe for many threads.
 */
public final class Descriptor implements Closeable {
    private static final int AT_EMPTY_PATH = 0x1000;
    private static final int STATX_SIZE = 0x200;
    private static final int STATX_BYTES = 256;

    private final Kernel kernel;
    private final OpenDescriptor open;
    private final String name;

    /**
     * Takes a descriptor over.
     *
     * @param name what it is, for the sentences of exceptions
     */
    Descriptor(Kernel kernel, long number, String name) {
        this.kernel = kernel;
        this.open = new OpenDescriptor(kernel, (int) number);
        this.name = name;
    }

    /**
     * {@return how many bytes the file has at present}
     *
     * @throws IOException if it can't be told
     */
    public long size() throws IOException {
        ByteBuffer buffer = Kernel.struct(8 + STATX_BYTES);
        long address = kernel.addressOf(buffer);
        try {
            checked(use(fd -> kernel.call(SystemCall.STATX, fd, address, AT_EMPTY_PATH, STATX_SIZE, address + 8, 0)));
        } finally {
            Reference.reachabilityFence(buffer);
        }
        return buffer.getLong(8 + 0x28);
    }

    /**
     * Sets the file's size. What is cut off is lost, what is new reads as zeros.
     *
     * @throws IOException if it fails
     */
    public void truncate(long size) throws IOException {
        checked(use(fd -> kernel.call(SystemCall.FTRUNCATE, fd, size, 0, 0, 0, 0)));
    }

    /**
     * {@return what the kernel calls the file, such as {@code anon_inode:[eventfd]}; without {@code /proc}, an
     * exception}
     */
    String kind() throws IOException {
        int number = open.begin();
        try {
            return Files.readSymbolicLink(Path.of("/proc/self/fd/" + number)).toString();
        } finally {
            open.end();
        }
    }

    /** Closes it, after the calls in flight. Again: nothing. */
    @Override
    public void close() {
        // It is closed whatever the answer, and what it stands for has no data that could be lost by that.
        open.close();
    }

    /** {@return its name} */
    @Override
    public String toString() {
        return name;
    }

    Kernel kernel() {
        return kernel;
    }

    /** Uses the number; it stays open meanwhile. */
    long use(OpenDescriptor.Use what) throws IOException {
        return open.use(what);
    }

    /** {@return a result that isn't negative; a negative one is thrown} */
    long checked(long result) throws HostException {
        return checked(result, name);
    }

    static long checked(long result, String name) throws HostException {
        if (result < 0) {
            throw new HostException(name, (int) -result);
        }
        return result;
    }
}
