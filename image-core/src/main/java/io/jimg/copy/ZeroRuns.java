package io.jimg.copy;

import io.jimg.host.Memory;
import java.io.IOException;
import java.nio.ByteBuffer;

/** Finds runs of zeroes in data. */
final class ZeroRuns {
    /** Is told of each run. */
    @FunctionalInterface
    interface Visitor {
        /**
         * A run of the same kind, as long as it can be.
         *
         * @param from index of the first byte in the buffer
         * @param to index after the last
         */
        void run(int from, int to, boolean zero) throws IOException;
    }

    private final int granularity;

    /**
     * Runs in units of {@code granularity} bytes, counted from the guest's first byte: only a whole unit, the disk's
     * shorter last one, or data that is shorter than a unit can be zero.
     */
    ZeroRuns(int granularity) {
        this.granularity = granularity;
    }

    /**
     * Visits the runs between two indices.
     *
     * @param guestOffset what the byte at {@code from} is on the guest's disk
     * @param last whether the disk ends with these bytes
     */
    void find(ByteBuffer buffer, int from, int to, long guestOffset, boolean last, Visitor visitor) throws IOException {
        int runStart = from;
        boolean runZero = false;
        for (int at = from; at < to; ) {
            long intoUnit = (guestOffset + (at - from)) % granularity;
            int end = (int) Math.min(to, at + (granularity - intoUnit));
            boolean whole =
                    (intoUnit == 0 && (end - at == granularity || (last && end == to))) || (at == from && end == to);
            boolean zero = whole && isZero(buffer, at, end);
            if (at > runStart && zero != runZero) {
                visitor.run(runStart, at, runZero);
                runStart = at;
            }
            runZero = zero;
            at = end;
        }
        if (to > runStart) {
            visitor.run(runStart, to, runZero);
        }
    }

    private static boolean isZero(ByteBuffer buffer, int from, int to) {
        // Most units of data show it in their first bytes.
        if (to - from >= Long.BYTES && buffer.getLong(from) != 0) {
            return false;
        }
        return Memory.isZero(buffer, from, to);
    }
}
