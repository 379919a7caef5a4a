package io.jimg.crypto;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/** Bytes seen as little-endian words of 64 bits. */
final class Words {
    private static final VarHandle LONG = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

    private Words() {}

    static long get(byte[] bytes, int offset) {
        return (long) LONG.get(bytes, offset);
    }

    static void set(byte[] bytes, int offset, long value) {
        LONG.set(bytes, offset, value);
    }

    /** {@code target ^= other}, for a length that is a multiple of 8. */
    static void xor(byte[] target, int targetOffset, byte[] other, int otherOffset, int length) {
        for (int i = 0; i < length; i += Long.BYTES) {
            set(target, targetOffset + i, get(target, targetOffset + i) ^ get(other, otherOffset + i));
        }
    }
}
