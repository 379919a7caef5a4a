package io.jimg.qcow2.header;

/**
 * One of the header's feature masks, unknown bits included.
 *
 * @param bits the mask as stored
 * @param <F> the features that the mask holds
 */
public record FeatureSet<F extends Feature>(long bits) {

    /** No bit set. */
    public static <F extends Feature> FeatureSet<F> none() {
        return new FeatureSet<>(0);
    }

    /** Whether a feature's bit is set. */
    public boolean has(F feature) {
        return (bits & feature.mask()) != 0;
    }

    /** These and one more. */
    public FeatureSet<F> with(F feature) {
        return new FeatureSet<>(bits | feature.mask());
    }

    /** These without one. */
    public FeatureSet<F> without(F feature) {
        return new FeatureSet<>(bits & ~feature.mask());
    }

    /** These with one set or cleared. */
    public FeatureSet<F> with(F feature, boolean set) {
        return set ? with(feature) : without(feature);
    }

    /** Only the bits of a mask, such as those that are known. */
    public FeatureSet<F> retain(long mask) {
        return new FeatureSet<>(bits & mask);
    }
}
