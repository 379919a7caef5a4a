package io.jimg.vmdk.sparse;

import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.storage.Storage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Map;
import java.util.TreeMap;

/**
 * Makes a stream-optimised extent whole whose end is missing: walks the markers, which tell where each grain lies, and
 * writes tables, directory and footer anew after the last whole grain. What the stream lost reads as zero. Memory is
 * one table for each stretch of grains that the stream holds.
 */
final class StreamRebuild {
    private static final int SECTOR = TableLayout.SECTOR;
    private static final int MARKER = CompressedGrains.MARKER;
    private static final int METADATA_MARKER = 16;
    private static final int MARKER_TABLE = 1;
    private static final int MARKER_DIRECTORY = 2;
    private static final int MARKER_FOOTER = 3;

    private final Storage file;
    private final SparseHeader header;
    private final Map<Integer, int[]> tables = new TreeMap<>();
    private long reached;
    /** First sector after the last whole grain. */
    private long end;

    private StreamRebuild(Storage file, SparseHeader header) {
        this.file = file;
        this.header = header;
    }

    /**
     * Rebuilds.
     *
     * @return guest offset after the last grain that was found
     * @throws ImageException {@link ErrorKind#UNSUPPORTED} where the stream has no markers to go by,
     *     {@link ErrorKind#CORRUPT} where the header tells no place of grains; the file is untouched
     */
    static long run(Storage file, SparseHeader header, SparseCheck.Observer observer) throws IOException {
        header.check(file.name());
        if (!header.markers() || !header.compressed()) {
            throw new ImageException(
                    ErrorKind.UNSUPPORTED, "The stream has no markers to find its grains by", file.name(), -1, null);
        }
        StreamRebuild rebuild = new StreamRebuild(file, header);
        rebuild.scan(observer);
        rebuild.write();
        return rebuild.reached;
    }

    private void scan(SparseCheck.Observer observer) throws IOException {
        long sectors = file.size() / SECTOR;
        long largest = header.grainSize() + header.grainSize() / 8L + 1024;
        ByteBuffer marker = ByteBuffer.allocate(METADATA_MARKER).order(ByteOrder.LITTLE_ENDIAN);
        long at = Math.max(header.overhead(), header.descriptorOffset() + header.descriptorSectors());
        if (at < 1 || at >= 1L << 32) {
            throw new ImageException(
                    ErrorKind.CORRUPT, "The header has the grains begin where none can", file.name(), 0, null);
        }
        end = at;
        while (at < sectors) {
            observer.pause();
            file.read(marker.clear(), at * SECTOR);
            long value = marker.getLong(0);
            int size = marker.getInt(Long.BYTES);
            if (size == 0) {
                int type = marker.getInt(MARKER);
                boolean metadata = type == MARKER_TABLE || type == MARKER_DIRECTORY;
                if (!metadata || value <= 0 || value > sectors - at) {
                    return;
                }
                at += 1 + value;
                continue;
            }
            long length = (MARKER + Integer.toUnsignedLong(size) + SECTOR - 1) / SECTOR;
            boolean whole = size > 0
                    && size <= largest
                    && at + length <= sectors
                    && value >= 0
                    && value < header.capacity()
                    && value % header.grainSectors() == 0;
            if (!whole || at >= 1L << 32) {
                return;
            }
            take(value / header.grainSectors(), at);
            at += length;
            end = at;
        }
    }

    private void take(long grain, long sector) {
        int index = (int) (grain / header.tableEntries());
        int[] table = tables.computeIfAbsent(index, i -> new int[header.tableEntries()]);
        table[(int) (grain % header.tableEntries())] = (int) sector;
        reached = Math.max(reached, Math.min(header.size(), (grain + 1) * header.grainSize()));
    }

    private void write() throws IOException {
        // What follows is no whole grain, or metadata that is made anew.
        file.truncate(end * SECTOR);
        int[] directory = new int[(int) header.directoryEntries()];
        for (Map.Entry<Integer, int[]> table : tables.entrySet()) {
            directory[table.getKey()] = (int) append(MARKER_TABLE, table.getValue());
        }
        long place = append(MARKER_DIRECTORY, directory);
        ByteBuffer footer = ByteBuffer.allocate(3 * SECTOR).order(ByteOrder.LITTLE_ENDIAN);
        footer.putLong(1).putInt(0).putInt(MARKER_FOOTER).position(SECTOR);
        footer.put(header.withDirectories(0, place).bytes());
        file.flush();
        file.write(footer.clear(), end * SECTOR);
        file.flush();
    }

    private long append(int type, int[] entries) throws IOException {
        int sectors = (entries.length * Integer.BYTES + SECTOR - 1) / SECTOR;
        ByteBuffer out = ByteBuffer.allocate((1 + sectors) * SECTOR).order(ByteOrder.LITTLE_ENDIAN);
        out.putLong(sectors).putInt(0).putInt(type).position(SECTOR);
        out.asIntBuffer().put(entries);
        file.write(out.clear(), end * SECTOR);
        long first = end + 1;
        end = first + sectors;
        return first;
    }
}
