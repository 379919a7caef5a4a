package io.jimg.crypto;

import io.jimg.ImageException;

/** How many iterations of PBKDF2 this machine does, so that a time becomes a number. Safe for many threads. */
@FunctionalInterface
public interface IterationRate {

    /** Tries it; takes about a twentieth of a second. */
    IterationRate MEASURED = IterationRate::measure;

    /**
     * Iterations in a second.
     *
     * @param hash the hash
     * @param length bytes of the derived key
     */
    long perSecond(HashAlgorithm hash, int length) throws ImageException;

    private static long measure(HashAlgorithm hash, int length) throws ImageException {
        long enough = 25_000_000;
        byte[] password = new byte[Integer.BYTES];
        for (long iterations = 1 << 9; ; iterations *= 2) {
            long start = System.nanoTime();
            Pbkdf2.derive(hash, password, password, iterations, length);
            long nanoseconds = Math.max(1, System.nanoTime() - start);
            if (nanoseconds >= enough) {
                return iterations * 1_000_000_000L / nanoseconds;
            }
        }
    }
}
