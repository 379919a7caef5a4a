package io.jimg.qcow2.allocation;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * Reads and writes single refcounts in the bytes of a refcount block (specification: "Host cluster management"):
 * numbers of 1 to 64 bits, big-endian from 16 bits on; below 8 bits the first of a byte lies in its least significant
 * bits.
 *
 * @param order a refcount has {@code 1 << order} bits
 */
record RefcountCodec(int order) {
    private static final VarHandle SHORTS = MethodHandles.byteArrayViewVarHandle(short[].class, ByteOrder.BIG_ENDIAN);
    private static final VarHandle INTS = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.BIG_ENDIAN);
    private static final VarHandle LONGS = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.BIG_ENDIAN);

    /** The refcount at an index; 64-bit counts beyond 2^63-1 are negative. */
    long get(byte[] block, int index) {
        return switch (order) {
            case 3 -> block[index] & 0xffL;
            case 4 -> (short) SHORTS.get(block, index * 2) & 0xffffL;
            case 5 -> (int) INTS.get(block, index * 4) & 0xffff_ffffL;
            case 6 -> (long) LONGS.get(block, index * 8);
            default -> (block[index << order >> 3] >> (index << order & 7)) & ((1L << (1 << order)) - 1);
        };
    }

    /** Sets the refcount at an index. */
    void set(byte[] block, int index, long value) {
        switch (order) {
            case 3 -> block[index] = (byte) value;
            case 4 -> SHORTS.set(block, index * 2, (short) value);
            case 5 -> INTS.set(block, index * 4, (int) value);
            case 6 -> LONGS.set(block, index * 8, value);
            default -> {
                int at = index << order >> 3;
                int shift = index << order & 7;
                int mask = ((1 << (1 << order)) - 1) << shift;
                block[at] = (byte) (block[at] & ~mask | (int) value << shift);
            }
        }
    }
}
