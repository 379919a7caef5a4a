package io.jimg.crypto;

/**
 * What a new key or key slot takes from outside: a test that fixes both gets the same bytes each time.
 *
 * @param random where keys, salts and identifiers come from
 * @param rate how many iterations a time is
 */
public record LuksEntropy(RandomSource random, IterationRate rate) {
    /** The host's generator and the machine's own speed. */
    public static final LuksEntropy SYSTEM = new LuksEntropy(RandomSource.SYSTEM, IterationRate.MEASURED);
}
