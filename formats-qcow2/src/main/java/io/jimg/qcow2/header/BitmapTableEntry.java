package io.jimg.qcow2.header;

/** Entries of bitmap tables (specification: "Bitmap table"). */
public final class BitmapTableEntry {
    /** A cluster of bits that are all set, and that has no place. */
    public static final long ALL_ONES = 1;

    private static final long OFFSET_MASK = 0x00ff_ffff_ffff_fe00L;

    private BitmapTableEntry() {}

    /** Where a cluster of bits lies; 0 where all its bits are alike. */
    public static long hostOffset(long entry) {
        return entry & OFFSET_MASK;
    }

    /** Whether it is one that a sound image may have. */
    public static boolean sound(long entry, int clusterSize) {
        long offset = hostOffset(entry);
        long rest = entry & ~OFFSET_MASK;
        return (offset & (clusterSize - 1)) == 0 && (rest == 0 || (rest == ALL_ONES && offset == 0));
    }
}
