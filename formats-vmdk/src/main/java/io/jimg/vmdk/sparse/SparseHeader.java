package io.jimg.vmdk.sparse;

import io.jimg.ErrorKind;
import io.jimg.ImageException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * The header of a hosted sparse extent ("Virtual Disk Format 1.1", Hosted Sparse Extents; the footer of a
 * stream-optimised one is another of its kind). Offsets are in sectors of 512 bytes from the start of the file.
 *
 * @param version 1, 2 or 3
 * @param flags see the constants
 * @param capacity guest sectors
 * @param grainSectors guest sectors in a grain
 * @param descriptorOffset where the embedded descriptor lies; 0 for none
 * @param descriptorSectors room for the embedded descriptor
 * @param tableEntries entries in a grain table
 * @param redundantDirectory where the copy of the grain directory lies
 * @param directory where the grain directory lies, or {@link #DIRECTORY_AT_END}
 * @param overhead sectors before the first grain
 * @param uncleanShutdown whether the extent was not closed after it was written
 * @param compression 0 for none, {@link #DEFLATE}
 */
public record SparseHeader(
        int version,
        int flags,
        long capacity,
        long grainSectors,
        long descriptorOffset,
        long descriptorSectors,
        int tableEntries,
        long redundantDirectory,
        long directory,
        long overhead,
        boolean uncleanShutdown,
        int compression) {

    /** The first four bytes: "KDMV", read in the format's byte order. */
    public static final int MAGIC = 0x564D444B;

    /** Bytes in a header. */
    public static final int LENGTH = 512;

    /** Bytes in a sector. */
    public static final int SECTOR = 512;

    /** The end-of-line characters may be checked. */
    public static final int FLAG_NEW_LINES = 1;

    /** There is a redundant grain directory. */
    public static final int FLAG_REDUNDANT = 1 << 1;

    /** The entry 1 of a grain table says that the grain is zero. */
    public static final int FLAG_ZEROED_GRAIN = 1 << 2;

    /** Grains are compressed. */
    public static final int FLAG_COMPRESSED = 1 << 16;

    /** Grains and metadata are preceded by markers. */
    public static final int FLAG_MARKERS = 1 << 17;

    /** The compression algorithm that there is: deflate in a zlib frame. */
    public static final int DEFLATE = 1;

    /** The value of {@link #directory} that says that the footer knows where it is. */
    public static final long DIRECTORY_AT_END = -1;

    /** The byte that says whether the extent was closed. */
    public static final int UNCLEAN_BYTE = 72;

    /** The largest grain that is read, in sectors; those of VMware's products have 128. */
    private static final long LARGEST_GRAIN = (64 << 20) / SECTOR;

    private static final int MOST_TABLE_ENTRIES = 512;
    private static final long LARGEST_CAPACITY = Long.MAX_VALUE / SECTOR;
    private static final byte[] NEW_LINES = {'\n', ' ', '\r', '\n'};

    /** Whether a file begins with the signature. */
    public static boolean looksLikeOne(ByteBuffer head) {
        return head.remaining() >= 4
                && head.duplicate().order(ByteOrder.LITTLE_ENDIAN).getInt() == MAGIC;
    }

    /**
     * Reads the fields, and checks nothing but the version: an extent that is nothing but an embedded descriptor has a
     * capacity of 0.
     *
     * @param bytes at least {@link #LENGTH}
     */
    public static SparseHeader read(ByteBuffer bytes, String resource) throws ImageException {
        ByteBuffer in = bytes.duplicate().order(ByteOrder.LITTLE_ENDIAN);
        int start = in.position();
        int version = in.getInt(start + 4);
        if (version < 1 || version > 3) {
            throw new ImageException(
                    ErrorKind.UNSUPPORTED,
                    "Unsupported VMDK version " + Integer.toUnsignedString(version),
                    resource,
                    ImageException.NO_OFFSET,
                    null);
        }
        int flags = in.getInt(start + 8);
        if ((flags & FLAG_NEW_LINES) != 0 && !newLinesIntact(in, start + 73)) {
            throw corrupt("The file was damaged by a transfer that changed line ends", resource);
        }
        return new SparseHeader(
                version,
                flags,
                in.getLong(start + 12),
                in.getLong(start + 20),
                in.getLong(start + 28),
                in.getLong(start + 36),
                in.getInt(start + 44),
                in.getLong(start + 48),
                in.getLong(start + 56),
                in.getLong(start + 64),
                in.get(start + UNCLEAN_BYTE) != 0,
                in.getShort(start + 77) & 0xFFFF);
    }

    private static boolean newLinesIntact(ByteBuffer in, int at) {
        boolean blank = true;
        boolean intact = true;
        for (int i = 0; i < NEW_LINES.length; i++) {
            blank &= in.get(at + i) == 0;
            intact &= in.get(at + i) == NEW_LINES[i];
        }
        // Not every writer fills them in; what a transfer does to them never makes zeroes.
        return intact || blank;
    }

    /**
     * Refuses sizes that no sound extent has. Where the tables lie is checked by whoever reads them.
     *
     * @throws ImageException {@link ErrorKind#CORRUPT} or {@link ErrorKind#LIMIT}
     */
    public void check(String resource) throws ImageException {
        if (tableEntries > MOST_TABLE_ENTRIES || tableEntries < 0) {
            throw corrupt("L2 table size too big", resource);
        }
        if (tableEntries == 0 || grainSectors == 0) {
            throw corrupt("L1 entry size is invalid", resource);
        }
        if (grainSectors < 0 || grainSectors > LARGEST_GRAIN || Long.bitCount(grainSectors) != 1) {
            throw corrupt("Invalid granularity, image may be corrupt", resource);
        }
        if (capacity < 0 || capacity > LARGEST_CAPACITY || directoryEntries() > GrainTables.MOST_DIRECTORY_ENTRIES) {
            throw new ImageException(ErrorKind.LIMIT, "L1 size too big", resource, ImageException.NO_OFFSET, null);
        }
        if (compressed() && compression != DEFLATE) {
            throw new ImageException(
                    ErrorKind.UNSUPPORTED,
                    "Unsupported compression algorithm " + compression,
                    resource,
                    ImageException.NO_OFFSET,
                    null);
        }
    }

    private static ImageException corrupt(String sentence, String resource) {
        return new ImageException(ErrorKind.CORRUPT, sentence, resource, ImageException.NO_OFFSET, null);
    }

    /** Guest bytes in a grain. */
    public int grainSize() {
        return (int) (grainSectors * SECTOR);
    }

    /** Guest bytes. */
    public long size() {
        return capacity * SECTOR;
    }

    /** Entries of the grain directory. */
    public long directoryEntries() {
        long perTable = grainSectors * tableEntries;
        return capacity / perTable + (capacity % perTable == 0 ? 0 : 1);
    }

    /** Whether grains are compressed. */
    public boolean compressed() {
        return (flags & FLAG_COMPRESSED) != 0;
    }

    /** Whether grains are preceded by markers. */
    public boolean markers() {
        return (flags & FLAG_MARKERS) != 0;
    }

    /** Whether entries may say that a grain is zero. */
    public boolean zeroedGrains() {
        return (flags & FLAG_ZEROED_GRAIN) != 0;
    }

    /** Whether there is a redundant grain directory. */
    public boolean redundant() {
        return (flags & FLAG_REDUNDANT) != 0 && redundantDirectory > 0;
    }

    /** The same with other places for the directories. */
    public SparseHeader withDirectories(long redundantSector, long sector) {
        return new SparseHeader(
                version,
                flags,
                capacity,
                grainSectors,
                descriptorOffset,
                descriptorSectors,
                tableEntries,
                redundantSector,
                sector,
                overhead,
                uncleanShutdown,
                compression);
    }

    /** The same with another capacity. */
    public SparseHeader withCapacity(long sectors) {
        return new SparseHeader(
                version,
                flags,
                sectors,
                grainSectors,
                descriptorOffset,
                descriptorSectors,
                tableEntries,
                redundantDirectory,
                directory,
                overhead,
                uncleanShutdown,
                compression);
    }

    /** The header's bytes. */
    public ByteBuffer bytes() {
        ByteBuffer out = ByteBuffer.allocate(LENGTH).order(ByteOrder.LITTLE_ENDIAN);
        out.putInt(MAGIC).putInt(version).putInt(flags);
        out.putLong(capacity).putLong(grainSectors);
        out.putLong(descriptorOffset).putLong(descriptorSectors);
        out.putInt(tableEntries);
        out.putLong(redundantDirectory).putLong(directory).putLong(overhead);
        out.put((byte) (uncleanShutdown ? 1 : 0)).put(NEW_LINES);
        out.putShort((short) compression);
        return out.clear();
    }
}
