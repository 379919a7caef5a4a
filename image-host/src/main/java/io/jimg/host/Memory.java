package io.jimg.host;

import java.nio.ByteBuffer;
import java.util.Objects;

/** Work on memory at the speed of memory. */
public final class Memory {
    /** What memory is compared with: small enough to stay in a processor's first cache. */
    private static final ByteBuffer ZEROS = ByteBuffer.allocateDirect(8192);

    private Memory() {}

    /**
     * {@return whether a range of a buffer has no byte but 0; an empty range has none}
     *
     * @param buffer the buffer; its position and limit neither matter nor change
     * @param from the index of the first byte
     * @param to the index after the last
     * @throws IndexOutOfBoundsException if the range is not within the buffer's capacity
     */
    public static boolean isZero(ByteBuffer buffer, int from, int to) {
        Objects.checkFromToIndex(from, to, buffer.capacity());
        // The JVM has an intrinsic for mismatch, which uses the widest registers there are even before code is
        // optimised.
        ByteBuffer rest = buffer.duplicate();
        ByteBuffer zeros = ZEROS.duplicate();
        for (int at = from; at < to; ) {
            int length = Math.min(to - at, zeros.capacity());
            rest.limit(at + length).position(at);
            if (rest.mismatch(zeros.limit(length)) != -1) {
                return false;
            }
            at += length;
        }
        return true;
    }
}
