package io.jimg.qcow2.header;

/** Features that who does not know them must clear before the first write. */
public enum AutoclearFeature implements Feature {
    /** The bitmaps are consistent with the image. */
    BITMAPS(0, "bitmaps"),
    /** The external data file is a valid raw image by itself. */
    RAW_EXTERNAL_DATA(1, "raw external data");

    /** All bits that have a name here. */
    public static final long KNOWN = Feature.mask(values());

    private final int bit;
    private final String featureName;

    AutoclearFeature(int bit, String featureName) {
        this.bit = bit;
        this.featureName = featureName;
    }

    @Override
    public int maskType() {
        return 2;
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
