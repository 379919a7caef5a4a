package io.jimg.vmdk.sparse;

import io.jimg.storage.Storage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.jspecify.annotations.Nullable;

/**
 * How long grains are in an extent's file: all of one length, or as the marker of each compressed grain says ("Virtual
 * Disk Format 1.1", Stream-Optimized Compressed Sparse Extents), one of which is read for each question. For one
 * thread.
 */
final class StoredLength {
    private static final int SECTOR = TableLayout.SECTOR;
    private static final int MARKER = CompressedGrains.MARKER;

    private final Storage file;
    private final TableLayout layout;
    private final long guestSize;
    private final boolean markers;
    private final long fileSize;
    private final ByteBuffer marker = ByteBuffer.allocate(MARKER).order(ByteOrder.LITTLE_ENDIAN);
    /** Of the grain whose marker was read last. */
    private long asked = -1;

    private long askedSector;
    private long length;
    private @Nullable String damage;

    /**
     * In a file.
     *
     * @param guestSize bytes of the extent
     * @param markers whether compressed grains have markers; where they have none, of each but its first byte is known
     */
    StoredLength(Storage file, TableLayout layout, long guestSize, boolean markers) throws IOException {
        this.file = file;
        this.layout = layout;
        this.guestSize = guestSize;
        this.markers = markers;
        this.fileSize = file.size();
    }

    /** The sectors that all grains have; 1 where they differ. */
    int unit() {
        return layout.compressed() ? 1 : layout.grainSize() / SECTOR;
    }

    /** Sectors of a grain that begins at a sector of the file. */
    int sectors(long grain, long sector) throws IOException {
        return layout.compressed() ? (int) ((stream(grain, sector) + SECTOR - 1) / SECTOR) : unit();
    }

    /** Bytes that a grain takes at least: a writer need not fill up the last one. */
    long bytes(long grain, long sector) throws IOException {
        return layout.compressed()
                ? stream(grain, sector)
                : Math.min(layout.grainSize(), Math.max(0, guestSize - grain * layout.grainSize()));
    }

    /** What is wrong with the marker of the grain that was asked for last; null for nothing. */
    @Nullable
    String damage() {
        return layout.compressed() ? damage : null;
    }

    /** Bytes with the marker; 1 where it is not to be believed. */
    private long stream(long grain, long sector) throws IOException {
        if (asked == grain && askedSector == sector) {
            return length;
        }
        asked = grain;
        askedSector = sector;
        length = 1;
        damage = null;
        if (!markers || sector * SECTOR >= fileSize) {
            return length;
        }
        file.read(marker.clear(), sector * SECTOR);
        int size = marker.getInt(Long.BYTES);
        if (size <= 0 || size > CompressedGrains.longest(layout.grainSize())) {
            damage = "has a stream of " + Integer.toUnsignedString(size) + " bytes";
        } else if (marker.getLong(0) != grain * (layout.grainSize() / SECTOR)) {
            damage = "has the marker of another";
        } else {
            length = (long) MARKER + size;
        }
        return length;
    }
}
