package io.jimg.qcow2.header;

/** Features that may be ignored. */
public enum CompatibleFeature implements Feature {
    /** Refcounts may be written late, the image being marked dirty meanwhile. */
    LAZY_REFCOUNTS(0, "lazy refcounts");

    /** All bits that have a name here. */
    public static final long KNOWN = Feature.mask(values());

    private final int bit;
    private final String featureName;

    CompatibleFeature(int bit, String featureName) {
        this.bit = bit;
        this.featureName = featureName;
    }

    @Override
    public int maskType() {
        return 1;
    }

    @Override
    public int bit() {
        return bit;
    }

    @Override
    public String featureName() {
        return featureName;
    }
}
