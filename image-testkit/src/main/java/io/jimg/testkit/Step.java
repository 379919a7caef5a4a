package io.jimg.testkit;

import java.nio.ByteBuffer;
import java.util.Random;
import java.util.SplittableRandom;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;

/**
 * One thing that is done to a device in a random test. Immutable.
 *
 * @param kind what is done
 * @param offset first guest byte; taken modulo the device's size
 * @param length guest bytes; cut at the device's end
 * @param seed decides the bytes that a write writes; 0 writes zeroes
 */
public record Step(Kind kind, long offset, int length, long seed) {
    private static final int[] UNITS = {1, 512, 4096, 16 << 10, 64 << 10};
    private static final long SPACE = 16 << 20;
    private static final int LONGEST = 192 << 10;

    /** What can be done. */
    public enum Kind {
        /** One read. */
        READ,
        /** One write. */
        WRITE,
        /** One write of several buffers. */
        WRITE_VECTORED,
        /** A write that is durable when it returns. */
        WRITE_FUA,
        /** Zeroes that may free space. */
        ZERO,
        /** Zeroes that keep space. */
        ZERO_KEEP,
        /** Zeroes only where no data need be written. */
        ZERO_FAST,
        /** A discard, after which the range is read. */
        DISCARD,
        /** A flush. */
        FLUSH,
        /** Closing and opening again. */
        REOPEN
    }

    /** All steps, small ones and aligned ones preferred, for jqwik. */
    public static Arbitrary<Step> arbitrary() {
        Arbitrary<Kind> kinds = Arbitraries.frequency(
                net.jqwik.api.Tuple.of(8, Kind.WRITE),
                net.jqwik.api.Tuple.of(4, Kind.READ),
                net.jqwik.api.Tuple.of(2, Kind.WRITE_VECTORED),
                net.jqwik.api.Tuple.of(1, Kind.WRITE_FUA),
                net.jqwik.api.Tuple.of(2, Kind.ZERO),
                net.jqwik.api.Tuple.of(2, Kind.ZERO_KEEP),
                net.jqwik.api.Tuple.of(1, Kind.ZERO_FAST),
                net.jqwik.api.Tuple.of(3, Kind.DISCARD),
                net.jqwik.api.Tuple.of(1, Kind.FLUSH),
                net.jqwik.api.Tuple.of(1, Kind.REOPEN));
        Arbitrary<Integer> units = Arbitraries.integers().between(0, UNITS.length - 1);
        return Combinators.combine(
                        kinds,
                        units,
                        Arbitraries.longs().between(0, SPACE - 1),
                        Arbitraries.integers().between(1, LONGEST),
                        Arbitraries.longs().between(0, 1000))
                .as((kind, unit, offset, length, seed) -> aligned(kind, UNITS[unit], offset, length, seed));
    }

    /** A step by chance, for tests that make their own. */
    public static Step random(Random random) {
        Kind[] kinds = Kind.values();
        Kind kind = random.nextInt(3) == 0 ? kinds[random.nextInt(kinds.length)] : Kind.WRITE;
        int length = 1 + random.nextInt(random.nextInt(4) == 0 ? LONGEST : 8192);
        long offset = (long) (random.nextDouble() * SPACE);
        return aligned(kind, UNITS[random.nextInt(UNITS.length)], offset, length, random.nextInt(100));
    }

    private static Step aligned(Kind kind, int unit, long offset, int length, long seed) {
        return new Step(kind, offset / unit * unit, (length + unit - 1) / unit * unit, seed);
    }

    /** The same step inside a device of that size, which is not empty. */
    public Step within(long size) {
        long inside = offset % size;
        return new Step(kind, inside, (int) Math.min(length, size - inside), seed);
    }

    /** Another thing done to the same bytes. */
    Step as(Kind other) {
        return new Step(other, offset, length, seed);
    }

    /** The bytes that a write writes. */
    byte[] bytes() {
        return bytes(seed, length);
    }

    /** Bytes by chance, the same for the same seed; zeroes for seed 0. */
    static byte[] bytes(long seed, int length) {
        byte[] bytes = new byte[length];
        if (seed != 0) {
            SplittableRandom random = new SplittableRandom(seed);
            ByteBuffer buffer = ByteBuffer.wrap(bytes);
            while (buffer.remaining() >= Long.BYTES) {
                buffer.putLong(random.nextLong());
            }
            while (buffer.hasRemaining()) {
                buffer.put((byte) random.nextInt());
            }
        }
        return bytes;
    }
}
