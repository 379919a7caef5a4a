package io.jimg.vmdk.sparse;

import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.storage.Storage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/**
 * The grain tables of a space-efficient sparse extent: 64-bit entries whose highest four bits say what a grain is. Read
 * only; safe for many threads.
 */
final class SeSparseTables implements GrainMap {
    private static final int CACHED_TABLES = 64;
    private static final long DIRECTORY_USED = 0x1000000000000000L;
    private static final long DIRECTORY_INDEX = 0xFFFFFFFFL;

    private record Table(int index, long[] entries) {}

    private final Storage file;
    private final SeSparseHeader header;
    private final long[] directory;
    private final long fileSize;
    private final AtomicReferenceArray<@Nullable Table> cached = new AtomicReferenceArray<>(CACHED_TABLES);

    private SeSparseTables(Storage file, SeSparseHeader header, long[] directory, long fileSize) {
        this.file = file;
        this.header = header;
        this.directory = directory;
        this.fileSize = fileSize;
    }

    static SeSparseTables open(Storage file, SeSparseHeader header) throws IOException {
        long fileSize = file.size();
        long offset = header.directory() * TableLayout.SECTOR;
        long length = header.directoryEntries() * Long.BYTES;
        if (offset > fileSize - length) {
            throw new ImageException(
                    ErrorKind.CORRUPT,
                    "File truncated, expecting at least " + (offset + length) + " bytes",
                    file.name(),
                    offset,
                    null);
        }
        return new SeSparseTables(file, header, read(file, offset, (int) header.directoryEntries()), fileSize);
    }

    private static long[] read(Storage file, long offset, int count) throws IOException {
        long[] entries = new long[count];
        ByteBuffer piece =
                ByteBuffer.allocate(Math.min(64 << 10, count * Long.BYTES)).order(ByteOrder.LITTLE_ENDIAN);
        for (int done = 0; done < count; ) {
            int take = Math.min(piece.capacity() / Long.BYTES, count - done);
            file.read(piece.clear().limit(take * Long.BYTES), offset + (long) done * Long.BYTES);
            piece.flip().asLongBuffer().get(entries, done, take);
            done += take;
        }
        return entries;
    }

    @Override
    public GrainRun find(long grain, long count) throws IOException {
        int perTable = header.tableEntries();
        int index = Math.toIntExact(grain / perTable);
        int first = (int) (grain % perTable);
        int limit = (int) Math.min(first + count, perTable);
        Table table = table(index);
        if (table == null) {
            return new GrainRun(GrainRun.Kind.ABSENT, 0, limit - first);
        }
        long entry = table.entries[first];
        GrainRun.Kind kind = kind(entry);
        long host = kind == GrainRun.Kind.DATA ? hostOffset(entry) : 0;
        long next = host;
        int end = first;
        while (end < limit && kind(table.entries[end]) == kind) {
            if (kind == GrainRun.Kind.DATA && hostOffset(table.entries[end]) != next) {
                break;
            }
            next += header.grainSize();
            end++;
        }
        if (kind == GrainRun.Kind.DATA && host >= fileSize) {
            throw new ImageException(
                    ErrorKind.CORRUPT,
                    "The grain at " + grain * header.grainSize() + " lies past the end of '" + file.name() + "'",
                    file.name(),
                    host,
                    null);
        }
        return new GrainRun(kind, host, end - first);
    }

    /** Which table a directory's entry names; -1 for none. */
    long tableNumber(int index) throws ImageException {
        long entry = directory[index];
        if (entry == 0) {
            return -1;
        }
        if ((entry & ~DIRECTORY_INDEX) != DIRECTORY_USED) {
            throw damaged(entry);
        }
        return entry & DIRECTORY_INDEX;
    }

    private GrainRun.Kind kind(long entry) throws ImageException {
        return switch ((int) (entry >>> 60)) {
            case 0 -> {
                if (entry != 0) {
                    throw damaged(entry);
                }
                yield GrainRun.Kind.ABSENT;
            }
            // What the guest unmapped reads as zero, as what it wrote zeroes to does.
            case 1, 2 -> GrainRun.Kind.ZERO;
            case 3 -> GrainRun.Kind.DATA;
            default -> throw damaged(entry);
        };
    }

    /** The low 12 bits of a grain's number stand above the high 48. */
    private long hostOffset(long entry) throws ImageException {
        long number = (entry & 0x0FFF000000000000L) >>> 48 | (entry & 0x0000FFFFFFFFFFFFL) << 12;
        if (number > Long.MAX_VALUE / header.grainSize() / 2) {
            throw damaged(entry);
        }
        return header.grains() * TableLayout.SECTOR + number * header.grainSize();
    }

    private @Nullable Table table(int index) throws IOException {
        int slot = index % CACHED_TABLES;
        Table table = cached.get(slot);
        if (table != null && table.index == index) {
            return table;
        }
        long number = tableNumber(index);
        if (number < 0) {
            return null;
        }
        long place = (header.tables() + number * header.tableSectors()) * TableLayout.SECTOR;
        if (place > fileSize - header.tableSectors() * TableLayout.SECTOR) {
            throw damaged(directory[index]);
        }
        table = new Table(index, read(file, place, header.tableEntries()));
        cached.set(slot, table);
        return table;
    }

    private ImageException damaged(long entry) {
        return new ImageException(
                ErrorKind.CORRUPT,
                "A table of the seSparse extent holds the entry 0x" + Long.toHexString(entry),
                file.name(),
                ImageException.NO_OFFSET,
                null);
    }
}
