package io.jimg.qcow2.header;

/** Caps on what a header may ask for; they are QEMU's, and an image beyond them is refused by QEMU too. */
public final class HeaderLimits {
    /** Smallest {@code cluster_bits}. */
    public static final int MIN_CLUSTER_BITS = 9;

    /** Largest {@code cluster_bits}. */
    public static final int MAX_CLUSTER_BITS = 21;

    /** Smallest {@code cluster_bits} with extended L2 entries: a subcluster is a sector at least. */
    public static final int MIN_EXTENDED_CLUSTER_BITS = 14;

    /** Bytes in the largest L1 table. */
    public static final int MAX_L1_BYTES = 32 << 20;

    /** Bytes in the largest refcount table. */
    public static final int MAX_REFCOUNT_TABLE_BYTES = 8 << 20;

    /** Largest {@code refcount_order}: 64 bits. */
    public static final int MAX_REFCOUNT_ORDER = 6;

    /** Most snapshots. */
    public static final int MAX_SNAPSHOTS = 65536;

    /** Bytes in the longest backing file name. */
    public static final int MAX_BACKING_NAME = 1023;

    /** Bytes in the longest name of a backing file's format. */
    public static final int MAX_BACKING_FORMAT = 15;

    /** Most bitmaps. */
    public static final int MAX_BITMAPS = 65535;

    /** Bytes in the largest bitmap directory. */
    public static final long MAX_BITMAP_DIRECTORY_BYTES = MAX_BITMAPS * 1024L;

    private HeaderLimits() {}
}
