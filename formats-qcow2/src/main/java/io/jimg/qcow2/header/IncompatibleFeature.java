package io.jimg.qcow2.header;

/** Features without which an image cannot be opened. */
public enum IncompatibleFeature implements Feature {
    /** Refcounts may be wrong and must be rebuilt before the image is used. */
    DIRTY(0, "dirty bit"),
    /** Any structure may be damaged; the image must not be written. */
    CORRUPT(1, "corrupt bit"),
    /** Guest data lies in another file. */
    EXTERNAL_DATA_FILE(2, "external data file"),
    /** Compressed clusters use another method than deflate. */
    COMPRESSION_TYPE(3, "compression type"),
    /** L2 entries have subclusters. */
    EXTENDED_L2(4, "extended L2 entries");

    /** All bits that have a name here. */
    public static final long KNOWN = Feature.mask(values());

    private final int bit;
    private final String featureName;

    IncompatibleFeature(int bit, String featureName) {
        this.bit = bit;
        this.featureName = featureName;
    }

    @Override
    public int maskType() {
        return 0;
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
