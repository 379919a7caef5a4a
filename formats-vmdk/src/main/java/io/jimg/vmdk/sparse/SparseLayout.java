package io.jimg.vmdk.sparse;

import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.storage.Storage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * Where everything lies in a new hosted sparse extent: header, room for a descriptor, the redundant directory and its
 * tables, the directory and its tables, grains. All tables have their place from the start, as VMware's and QEMU's do.
 * Sectors of 512 bytes.
 *
 * @param capacity guest sectors
 * @param zeroedGrains whether entries may say that a grain is zero
 */
public record SparseLayout(long capacity, boolean zeroedGrains) {
    /** Guest sectors in a grain. */
    public static final int GRAIN_SECTORS = 128;

    /** Bytes in a grain. */
    public static final int GRAIN = GRAIN_SECTORS * SparseHeader.SECTOR;

    /** Entries in a grain table. */
    public static final int TABLE_ENTRIES = 512;

    /** Where the descriptor begins. */
    public static final int DESCRIPTOR = 1;

    /** Room for the descriptor, as VMware's products leave it. */
    public static final int DESCRIPTOR_SECTORS = 20;

    private static final int SECTOR = SparseHeader.SECTOR;
    private static final int TABLE_SECTORS = TABLE_ENTRIES * Integer.BYTES / SECTOR;
    private static final long TABLE_GUEST_SECTORS = (long) TABLE_ENTRIES * GRAIN_SECTORS;

    /** The most guest sectors: the directory has a bound. */
    private static final long LARGEST = GrainTables.MOST_DIRECTORY_ENTRIES * TABLE_GUEST_SECTORS;

    /**
     * Checks the size.
     *
     * @throws ImageException {@link ErrorKind#LIMIT}
     */
    public static SparseLayout of(long capacity, boolean zeroedGrains) throws ImageException {
        if (capacity > LARGEST) {
            throw new ImageException(
                    ErrorKind.LIMIT,
                    "The image size is too large for a sparse extent: at most " + LARGEST + " sectors");
        }
        return new SparseLayout(capacity, zeroedGrains);
    }

    /** Entries of the directory. */
    public int tables() {
        return (int) ((capacity + TABLE_GUEST_SECTORS - 1) / TABLE_GUEST_SECTORS);
    }

    private long directorySectors() {
        return ((long) tables() * Integer.BYTES + SECTOR - 1) / SECTOR;
    }

    /** Where the redundant directory lies. */
    public long redundantDirectory() {
        return DESCRIPTOR + DESCRIPTOR_SECTORS;
    }

    /** Where a table of the redundant directory lies. */
    public long redundantTable(int index) {
        return redundantDirectory() + directorySectors() + (long) index * TABLE_SECTORS;
    }

    /** Where the directory lies. */
    public long directory() {
        return redundantTable(tables());
    }

    /** Where a table lies. */
    public long table(int index) {
        return directory() + directorySectors() + (long) index * TABLE_SECTORS;
    }

    /** Sectors before the first grain. */
    public long overhead() {
        return (table(tables()) + GRAIN_SECTORS - 1) / GRAIN_SECTORS * GRAIN_SECTORS;
    }

    /** The header. */
    public SparseHeader header() {
        return new SparseHeader(
                zeroedGrains ? 2 : 1,
                SparseHeader.FLAG_NEW_LINES
                        | SparseHeader.FLAG_REDUNDANT
                        | (zeroedGrains ? SparseHeader.FLAG_ZEROED_GRAIN : 0),
                capacity,
                GRAIN_SECTORS,
                DESCRIPTOR,
                DESCRIPTOR_SECTORS,
                TABLE_ENTRIES,
                redundantDirectory(),
                directory(),
                overhead(),
                false,
                0);
    }

    /** The header of one that is compressed and filled in no order, as QEMU makes it. */
    public SparseHeader compressedHeader() {
        SparseHeader plain = header();
        return new SparseHeader(
                3,
                plain.flags() | SparseHeader.FLAG_COMPRESSED | SparseHeader.FLAG_MARKERS,
                capacity,
                GRAIN_SECTORS,
                DESCRIPTOR,
                DESCRIPTOR_SECTORS,
                TABLE_ENTRIES,
                plain.redundantDirectory(),
                plain.directory(),
                plain.overhead(),
                false,
                SparseHeader.DEFLATE);
    }

    /** Writes both directories. The tables are zeroes, which a new file has by itself. */
    public void writeDirectories(Storage file) throws IOException {
        writeDirectory(file, redundantDirectory(), redundantTable(0));
        writeDirectory(file, directory(), table(0));
    }

    private void writeDirectory(Storage file, long sector, long firstTable) throws IOException {
        ByteBuffer piece = ByteBuffer.allocate(SECTOR * 128).order(ByteOrder.LITTLE_ENDIAN);
        long at = sector * SECTOR;
        for (int i = 0; i < tables(); ) {
            piece.clear();
            while (piece.hasRemaining() && i < tables()) {
                piece.putInt((int) (firstTable + (long) i * TABLE_SECTORS));
                i++;
            }
            int length = piece.flip().remaining();
            file.write(piece, at);
            at += length;
        }
    }
}
