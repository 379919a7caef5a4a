package io.jimg.qcow2.mapping;

import org.jspecify.annotations.Nullable;

/**
 * Reads and makes L2 entries (specification: "L2 table entry", "Standard Cluster Descriptor", "Compressed Clusters
 * Descriptor", "Extended L2 Entries"). Pure value logic: no tables, no input or output.
 *
 * @param geometry the image's measures
 * @param version 2 or 3: version 2 has no zero clusters
 * @param externalData whether guest clusters lie in an external data file, at their own guest offset
 */
public record EntryCodec(Geometry geometry, int version, boolean externalData) {

    /** Bits 9 to 55: the host offset in L1 entries and standard L2 entries. */
    public static final long OFFSET_MASK = 0x00ff_ffff_ffff_fe00L;

    /** Bit 63: the cluster or L2 table is referred to from here alone. */
    public static final long COPIED = 1L << 63;

    private static final long COMPRESSED = 1L << 62;
    private static final long ZERO = 1;
    private static final long ALL_ALLOCATED = 0xffff_ffffL;
    private static final int SECTOR = 512;

    /** The bitmap of an extended entry whose whole cluster is data. */
    public static final long BITMAP_DATA = ALL_ALLOCATED;

    /** The bitmap of an extended entry whose whole cluster is zero. */
    public static final long BITMAP_ZERO = ALL_ALLOCATED << 32;

    /** Whether an entry is a compressed cluster's. */
    public boolean compressed(long entry) {
        return (entry & COMPRESSED) != 0;
    }

    /** Whether an entry's host cluster is referred to from here alone; in an external data file each is. */
    public boolean owned(long entry) {
        return externalData || (entry & COPIED) != 0;
    }

    /** Whether a standard entry has its zero flag. Not for extended entries. */
    public boolean isZero(long entry) {
        return (entry & ZERO) != 0;
    }

    /** Host offset of a standard entry's cluster; {@link Run#NOWHERE} if it has none. */
    public long hostOffset(long entry) {
        long offset = entry & OFFSET_MASK;
        return offset != 0 || (externalData && (entry & COPIED) != 0) ? offset : Run.NOWHERE;
    }

    /** First byte of a compressed entry's stream. */
    public long streamOffset(long entry) {
        return entry & ((1L << offsetBits()) - 1) & ((1L << 56) - 1);
    }

    /** Bytes from a compressed entry's first byte to the end of its last sector. */
    public int streamLimit(long entry) {
        long sectors = ((entry & ~(COPIED | COMPRESSED)) >>> offsetBits()) + 1;
        return (int) (sectors * SECTOR - (streamOffset(entry) & (SECTOR - 1)));
    }

    /**
     * The entry of a compressed cluster.
     *
     * @param streamOffset first byte of the stream
     * @param length bytes of the stream, greater than zero
     */
    public long compressedEntry(long streamOffset, int length) {
        long sectors = (streamOffset + length - 1) / SECTOR - streamOffset / SECTOR;
        return COMPRESSED | (sectors << offsetBits()) | streamOffset;
    }

    /** The entry of a cluster that this image alone refers to; its bytes are data where entries are standard. */
    public long dataEntry(long hostOffset) {
        return hostOffset | COPIED;
    }

    /**
     * A standard entry's zero form: with its host cluster, or without where {@code hostOffset} is {@link Run#NOWHERE}.
     * Not for extended entries.
     */
    public long zeroEntry(long hostOffset, boolean owned) {
        return hostOffset == Run.NOWHERE ? ZERO : hostOffset | ZERO | (owned ? COPIED : 0);
    }

    /**
     * What an entry says of one subcluster.
     *
     * @param entry first word
     * @param bitmap second word; 0 where entries are standard
     * @param subcluster from 0 to 31; 0 where entries are standard
     */
    public RunKind kind(long entry, long bitmap, int subcluster) {
        if (compressed(entry)) {
            return RunKind.COMPRESSED;
        }
        boolean host = hostOffset(entry) != Run.NOWHERE;
        if (!geometry.extended()) {
            if ((entry & ZERO) != 0) {
                return host ? RunKind.ZERO_RESERVED : RunKind.ZERO;
            }
            return host ? RunKind.DATA : RunKind.UNALLOCATED;
        }
        if ((bitmap & zeroBit(subcluster)) != 0) {
            return host ? RunKind.ZERO_RESERVED : RunKind.ZERO;
        }
        if ((bitmap & allocatedBit(subcluster)) != 0) {
            return RunKind.DATA;
        }
        return host ? RunKind.UNALLOCATED_RESERVED : RunKind.UNALLOCATED;
    }

    /** The bitmap's bit that says that a subcluster is data. */
    public static long allocatedBit(int subcluster) {
        return 1L << subcluster;
    }

    /** The bitmap's bit that says that a subcluster is zero. */
    public static long zeroBit(int subcluster) {
        return 1L << (subcluster + 32);
    }

    /** Bits 0 to 31 set from {@code first} to before {@code end}. */
    public static long subclusterMask(int first, int end) {
        return ((1L << (end - first)) - 1) << first;
    }

    /**
     * What is wrong with an entry that no sound image has.
     *
     * @return the beginning of QEMU's sentence, to be followed by where the entry stands; null for a sound entry
     */
    public @Nullable String defect(long entry, long bitmap, long guestOffset) {
        if (compressed(entry)) {
            return externalData ? "Compressed cluster entry found in image with external data file" : null;
        }
        if (!geometry.extended() && version < 3 && (entry & ZERO) != 0) {
            return "Zero cluster entry found in pre-v3 image";
        }
        long offset = entry & OFFSET_MASK;
        if (geometry.inCluster(offset) != 0) {
            return "Cluster allocation offset " + Hex.of(offset) + " unaligned";
        }
        if (externalData && hostOffset(entry) != Run.NOWHERE && offset != geometry.clusterStart(guestOffset)) {
            return "External data file host cluster offset " + Hex.of(offset) + " does not match guest cluster offset: "
                    + Hex.of(geometry.clusterStart(guestOffset));
        }
        boolean contradictory = geometry.extended()
                && (((bitmap >>> 32) & bitmap & ALL_ALLOCATED) != 0
                        || ((bitmap & ALL_ALLOCATED) != 0 && hostOffset(entry) == Run.NOWHERE));
        // The two blanks make QEMU's sentence.
        return contradictory ? "Invalid cluster entry found " : null;
    }

    private int offsetBits() {
        return 62 - (geometry.clusterBits() - 8);
    }
}
