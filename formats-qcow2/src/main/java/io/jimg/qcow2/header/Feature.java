package io.jimg.qcow2.header;

/**
 * A bit of one of the three feature masks in the header of a version 3 image (specification: "Header", bytes 72 to 95).
 */
public sealed interface Feature permits IncompatibleFeature, CompatibleFeature, AutoclearFeature {

    /** Which of the three masks, numbered as in the feature name table: 0 incompatible, 1 compatible, 2 autoclear. */
    int maskType();

    /** Number of the bit in its mask, from 0 to 63. */
    int bit();

    /** The name that the feature name table gives it. */
    String featureName();

    /** The mask with just this bit. */
    default long mask() {
        return 1L << bit();
    }

    /** The bits of several features. */
    static long mask(Feature... features) {
        long mask = 0;
        for (Feature feature : features) {
            mask |= feature.mask();
        }
        return mask;
    }
}
