package io.jimg.crypto;

import java.security.SecureRandom;

/** Where keys, salts and identifiers come from. Safe for many threads. */
@FunctionalInterface
public interface RandomSource {

    /** The host's own generator. */
    RandomSource SYSTEM = bytes -> SystemRandom.GENERATOR.nextBytes(bytes);

    /** Fills an array with bytes that nobody can foretell. */
    void fill(byte[] bytes);

    /** Made when first needed: a command that encrypts nothing must not wait for it. */
    final class SystemRandom {
        private static final SecureRandom GENERATOR = new SecureRandom();

        private SystemRandom() {}
    }
}
