package io.jimg.qcow2.bitmaps;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;

/** Bits in bytes as bitmap data has them: the lowest bit of a byte comes first (specification: "Bitmap data"). */
final class Bits {
    private static final VarHandle WORDS = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

    private Bits() {}

    /** Sets bits; returns whether one of them was clear. */
    static boolean set(byte[] bytes, int from, int end) {
        boolean changed = false;
        for (int at = from; at < end; ) {
            int word = at & -Long.SIZE;
            int next = Math.min(end, word + Long.SIZE);
            long mask = (-1L << (at - word)) & (-1L >>> (word + Long.SIZE - next));
            long old = (long) WORDS.get(bytes, word / Byte.SIZE);
            if ((old | mask) != old) {
                WORDS.set(bytes, word / Byte.SIZE, old | mask);
                changed = true;
            }
            at = next;
        }
        return changed;
    }

    /** The first bit at an index or behind it that is set, or clear; the number of bits where there is none. */
    static int next(byte[] bytes, int from, boolean set) {
        int bits = bytes.length * Byte.SIZE;
        for (int at = from; at < bits; ) {
            int word = at & -Long.SIZE;
            long value = (long) WORDS.get(bytes, word / Byte.SIZE);
            long wanted = (set ? value : ~value) & (-1L << (at - word));
            if (wanted != 0) {
                return word + Long.numberOfTrailingZeros(wanted);
            }
            at = word + Long.SIZE;
        }
        return bits;
    }

    /** Clears all bits from an index on. */
    static void clearFrom(byte[] bytes, int from) {
        int first = (from + Byte.SIZE - 1) / Byte.SIZE;
        if (from % Byte.SIZE != 0) {
            bytes[from / Byte.SIZE] &= (byte) ((1 << from % Byte.SIZE) - 1);
        }
        Arrays.fill(bytes, Math.min(first, bytes.length), bytes.length, (byte) 0);
    }

    static boolean none(byte[] bytes) {
        return next(bytes, 0, true) == bytes.length * Byte.SIZE;
    }
}
