package io.jimg.fuzz;

import java.util.Arrays;

/** A fuzzer's bytes, taken one number after the other; zeroes once they are used up. Not for several threads. */
final class FuzzInput {
    private final byte[] bytes;
    private int at;

    /** All of them, from the first on. */
    FuzzInput(byte[] bytes) {
        this.bytes = bytes;
    }

    /** Whether there is nothing left. */
    boolean isEmpty() {
        return at >= bytes.length;
    }

    /** A number from 0 to 255. */
    int next() {
        return at < bytes.length ? Byte.toUnsignedInt(bytes[at++]) : 0;
    }

    /** A number from 0 to 65,535. */
    int next16() {
        return next() << 8 | next();
    }

    /** Any number of 64 bits. */
    long next64() {
        long value = 0;
        for (int i = 0; i < Long.BYTES; i++) {
            value = value << 8 | next();
        }
        return value;
    }

    /** A number from 0 to {@code bound - 1}, of at most 65,536 values. */
    int below(int bound) {
        return bound <= 1 ? 0 : (bound <= 256 ? next() : next16()) % bound;
    }

    /** One of several. */
    @SafeVarargs
    final <T> T oneOf(T... values) {
        return values[below(values.length)];
    }

    /** At most so many of the bytes that are left. */
    byte[] take(int most) {
        int end = Math.min(bytes.length, at + most);
        byte[] taken = Arrays.copyOfRange(bytes, Math.min(at, end), end);
        at = end;
        return taken;
    }
}
