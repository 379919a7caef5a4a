package io.jimg.crypto;

import io.jimg.ErrorKind;
import io.jimg.ImageException;

/** How much work a key costs. */
final class KeyDerivation {
    /** The least that is used, as the LUKS specification and cryptsetup advise. */
    static final long LEAST_ITERATIONS = 1000;

    /**
     * What is done for one image before it is refused: a header asks for as many as it likes, and a minute or two of
     * work are enough for any honest one.
     */
    static final long MOST_ITERATIONS = 1L << 28;

    private static final long HEADER_FIELD = 0xffff_ffffL;
    private static final int MILLISECONDS = 1000;

    private KeyDerivation() {}

    /**
     * The iterations that take a time.
     *
     * @param milliseconds the time
     * @param share by how much to divide the time
     * @throws ImageException {@link ErrorKind#LIMIT} where no header can hold, or no one wait for, so many
     */
    static long iterations(LuksEntropy entropy, HashAlgorithm hash, int length, long milliseconds, int share)
            throws ImageException {
        long rate = entropy.rate().perSecond(hash, length);
        if (rate > 0 && milliseconds > Long.MAX_VALUE / rate) {
            throw new ImageException(
                    ErrorKind.LIMIT, "PBKDF iterations " + rate + " too large to scale: Numerical result out of range");
        }
        long wanted = rate * milliseconds / MILLISECONDS / share;
        if (wanted > HEADER_FIELD) {
            throw new ImageException(
                    ErrorKind.LIMIT,
                    "PBKDF iterations " + wanted + " larger than " + HEADER_FIELD + ": Numerical result out of range");
        }
        if (wanted > MOST_ITERATIONS / 2) {
            throw tooMany(wanted);
        }
        return Math.max(LEAST_ITERATIONS, wanted);
    }

    static ImageException tooMany(long iterations) {
        return new ImageException(
                ErrorKind.LIMIT,
                "Unlocking would take " + iterations + " iterations of PBKDF, more than the " + MOST_ITERATIONS
                        + " that are done at most");
    }
}
