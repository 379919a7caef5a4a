package io.jimg.all;

import io.jimg.crypto.Blake;
import io.jimg.spi.DigestAlgorithm;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The hash functions that jimg brings, by name. */
public final class AllDigests {
    private AllDigests() {}

    /** The algorithm of a name; null where there is none. */
    public static @Nullable DigestAlgorithm find(String name) {
        for (DigestAlgorithm algorithm : DigestAlgorithm.OF_JAVA) {
            if (algorithm.name().equals(name)) {
                return algorithm;
            }
        }
        for (DigestAlgorithm algorithm : Blake.ALGORITHMS) {
            if (algorithm.name().equals(name)) {
                return algorithm;
            }
        }
        return null;
    }

    /** All names, the usual ones first. */
    public static List<String> names() {
        List<String> names = new ArrayList<>();
        DigestAlgorithm.OF_JAVA.forEach(algorithm -> names.add(algorithm.name()));
        Blake.ALGORITHMS.forEach(algorithm -> names.add(algorithm.name()));
        return names;
    }
}
