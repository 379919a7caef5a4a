package io.jimg.host.kernel;

import io.jimg.host.Errno;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * Linux's system calls by number, through one door.
 *
 * <p>The first call of each shape through {@code java.lang.foreign} costs tens of milliseconds, so everything goes
 * through the C library's {@code syscall}, which has one shape: numbers in, a number out. The structures that some
 * calls want are laid out in direct buffers by the caller; their layout, like the numbers, is the kernel's and the same
 * under every C library.
 */
public interface Kernel {
    /**
     * Makes one call, and again as long as a signal interrupts it.
     *
     * @return what the kernel returned, or the negated {@link Errno}
     */
    long call(SystemCall call, long a, long b, long c, long d, long e, long f);

    /**
     * {@return the address of a direct buffer's byte 0} The caller keeps the buffer reachable while the kernel uses the
     * address.
     *
     * @param direct a direct buffer
     * @throws IllegalStateException where its memory has been unmapped
     */
    long addressOf(ByteBuffer direct);

    /**
     * {@return memory of this process that the kernel mapped, as buffers}
     *
     * @param address of its first byte
     * @param length bytes, greater than zero
     */
    MappedBytes mapped(long address, long length);

    /** {@return a direct buffer of zeros in the byte order of the kernel's structures} */
    static ByteBuffer struct(int size) {
        return ByteBuffer.allocateDirect(size).order(ByteOrder.nativeOrder());
    }

    /** Mapped memory. Safe for many threads. */
    interface MappedBytes {
        /** {@return a buffer of a part, in little-endian order; of no use once this was revoked} */
        ByteBuffer buffer(long offset, int length);

        /**
         * Makes all buffers throw {@link IllegalStateException} from now on, so that the memory can be unmapped.
         *
         * @throws IllegalStateException where one of them is just being read or written by a channel
         */
        void revoke();
    }
}
