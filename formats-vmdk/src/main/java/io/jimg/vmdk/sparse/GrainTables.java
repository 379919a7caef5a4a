package io.jimg.vmdk.sparse;

import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.storage.Storage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * The grain tables of an extent with 32-bit sector numbers: cached as they are read, changed in memory, and brought to
 * the file by {@link #writeBack}, which writes what the entries point to first. Lookups of cached tables take no lock.
 */
final class GrainTables implements GrainMap {
    /** The largest directory: tables for 1 PiB of grains of 64 KiB. */
    static final int MOST_DIRECTORY_ENTRIES = 32 << 20;

    private static final int CACHED_TABLES = 1024;
    private static final int MOST_CHANGED_TABLES = 256;

    private final Storage file;
    private final TableLayout layout;
    private final GrainDirectory directory;
    /** Bytes of the file as it was opened; grows with {@link #space}. */
    private final long sizeAtOpening;

    private final @Nullable HostSpace space;
    private final AtomicReferenceArray<@Nullable GrainTable> cached;
    private final ReentrantLock lock = new ReentrantLock();
    /** Guarded by {@link #lock}. */
    private final Map<Integer, GrainTable> changed = new LinkedHashMap<>();
    /** Directory entries that the file does not have yet; guarded by {@link #lock}. */
    private final Set<Integer> changedDirectory = new LinkedHashSet<>();

    /**
     * Tables of a file.
     *
     * @param space where new tables go; null where nothing is changed
     */
    GrainTables(Storage file, TableLayout layout, GrainDirectory directory, @Nullable HostSpace space, long fileSize) {
        this.file = file;
        this.layout = layout;
        this.directory = directory;
        this.space = space;
        this.sizeAtOpening = fileSize;
        this.cached = new AtomicReferenceArray<>(Math.max(1, Math.min(CACHED_TABLES, layout.tables())));
    }

    /** Whether these are the tables of another format than the hosted one. */
    boolean foreign() {
        return layout.tableEntries() == CowdHeader.TABLE_ENTRIES;
    }

    private long fileSize() {
        return space == null ? sizeAtOpening : Math.max(sizeAtOpening, space.end());
    }

    @Override
    public GrainRun find(long grain, long count) throws IOException {
        int index = Math.toIntExact(grain / layout.tableEntries());
        int first = (int) (grain % layout.tableEntries());
        int limit = (int) Math.min(first + count, layout.tableEntries());
        GrainTable table = table(index);
        if (table == null) {
            boolean zero = layout.zeroedGrains() && directory.table(index, fileSize()) == TableLayout.SECTOR;
            return new GrainRun(zero ? GrainRun.Kind.ZERO : GrainRun.Kind.ABSENT, 0, limit - first);
        }
        int entry = table.get(first);
        GrainRun.Kind kind = kind(entry);
        long host = kind == GrainRun.Kind.DATA ? hostOffset(grain, entry) : 0;
        int end = first + 1;
        if (kind != GrainRun.Kind.DATA) {
            while (end < limit && kind(table.get(end)) == kind) {
                end++;
            }
        } else if (!layout.compressed()) {
            long next = host + layout.grainSize();
            while (end < limit && Integer.toUnsignedLong(table.get(end)) * TableLayout.SECTOR == next) {
                next += layout.grainSize();
                end++;
            }
        }
        return new GrainRun(kind, host, end - first);
    }

    private GrainRun.Kind kind(int entry) {
        if (entry == 0) {
            return GrainRun.Kind.ABSENT;
        }
        return entry == 1 && layout.zeroedGrains() ? GrainRun.Kind.ZERO : GrainRun.Kind.DATA;
    }

    private long hostOffset(long grain, int entry) throws ImageException {
        long host = Integer.toUnsignedLong(entry) * TableLayout.SECTOR;
        if (host >= fileSize()) {
            throw new ImageException(
                    ErrorKind.CORRUPT,
                    "The grain at " + grain * layout.grainSize() + " lies at byte " + host + ", past the end of '"
                            + file.name() + "'",
                    file.name(),
                    host,
                    null);
        }
        return host;
    }

    /** The table; null where there is none, or none but zeroes. */
    private @Nullable GrainTable table(int index) throws IOException {
        GrainTable table = cached.get(index % cached.length());
        if (table != null && table.index() == index) {
            return table;
        }
        lock.lock();
        try {
            return load(index);
        } finally {
            lock.unlock();
        }
    }

    /** As {@link #table}, under the lock: there is one instance of a table, and this finds it. */
    private @Nullable GrainTable load(int index) throws IOException {
        int slot = index % cached.length();
        GrainTable table = cached.get(slot);
        if (table != null && table.index() == index) {
            return table;
        }
        table = changed.get(index);
        if (table == null) {
            long place = directory.table(index, fileSize());
            if (place < 0) {
                throw new ImageException(
                        ErrorKind.CORRUPT,
                        "Grain table " + index + " lies past the end of '" + file.name() + "'",
                        file.name(),
                        ImageException.NO_OFFSET,
                        null);
            }
            if (place == 0 || (place == TableLayout.SECTOR && layout.zeroedGrains())) {
                return null;
            }
            table = new GrainTable(index, readWhole(index, place));
        }
        cached.set(slot, table);
        return table;
    }

    /** Reads a table, and takes from its copy what is damaged in it. */
    private int[] readWhole(int index, long place) throws IOException {
        int[] entries = read(place);
        long copyPlace = directory.redundantTable(index);
        if (copyPlace == place || copyPlace <= TableLayout.SECTOR || !damaged(entries)) {
            return entries;
        }
        if (copyPlace > fileSize() - layout.tableEntries() * (long) Integer.BYTES) {
            return entries;
        }
        int[] copy = read(copyPlace);
        for (int i = 0; i < entries.length; i++) {
            if (outside(entries[i])) {
                entries[i] = copy[i];
            }
        }
        return entries;
    }

    private boolean damaged(int[] entries) {
        for (int entry : entries) {
            if (outside(entry)) {
                return true;
            }
        }
        return false;
    }

    private boolean outside(int entry) {
        return Integer.toUnsignedLong(entry) * TableLayout.SECTOR >= fileSize();
    }

    private int[] read(long place) throws IOException {
        int[] entries = new int[layout.tableEntries()];
        ByteBuffer bytes = ByteBuffer.allocate(entries.length * Integer.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        file.read(bytes, place);
        bytes.flip().asIntBuffer().get(entries);
        return entries;
    }

    // ---- changes ---------------------------------------------------------------------------------------------------

    /** Points neighbouring grains to neighbouring places, whose bytes have been written. */
    void map(long grain, int count, long hostOffset) throws IOException {
        int step = layout.grainSize() / TableLayout.SECTOR;
        int sector = (int) (hostOffset / TableLayout.SECTOR);
        change(grain, count, i -> sector + i * step);
    }

    /** Says of neighbouring grains that they are zero. */
    void mapZero(long grain, int count) throws IOException {
        change(grain, count, i -> 1);
    }

    /** Forgets neighbouring grains. */
    void unmap(long grain, int count) throws IOException {
        change(grain, count, i -> 0);
    }

    /** Gives the entry of the n-th grain of a run. */
    private interface Entry {
        int of(int n);
    }

    private void change(long grain, int count, Entry entry) throws IOException {
        boolean many;
        lock.lock();
        try {
            for (int i = 0; i < count; i++) {
                GrainTable table = tableToChange((int) ((grain + i) / layout.tableEntries()));
                table.set((int) ((grain + i) % layout.tableEntries()), entry.of(i));
                changed.put(table.index(), table);
            }
            many = changed.size() > MOST_CHANGED_TABLES;
        } finally {
            lock.unlock();
        }
        if (many) {
            writeBack();
        }
    }

    private GrainTable tableToChange(int index) throws IOException {
        GrainTable table = load(index);
        if (table != null) {
            return table;
        }
        HostSpace room = space;
        if (room == null) {
            throw new IllegalStateException("the extent is not written");
        }
        boolean zero = directory.table(index, fileSize()) == TableLayout.SECTOR;
        int[] entries = new int[layout.tableEntries()];
        if (zero) {
            java.util.Arrays.fill(entries, 1);
        }
        table = new GrainTable(index, entries);
        int bytes = layout.tableBytes();
        long redundantPlace = directory.hasCopy() ? room.take(bytes) : 0;
        long place = room.take(bytes);
        // Both are whole in the file before the directory points to them: writeBack sees to the order.
        if (redundantPlace != 0) {
            file.write(table.bytes(), redundantPlace);
        }
        file.write(table.bytes(), place);
        directory.set(index, place, redundantPlace);
        changedDirectory.add(index);
        cached.set(index % cached.length(), table);
        return table;
    }

    /** Some sectors of a table as they were at one moment. */
    private record Pending(GrainTable table, int sectors, ByteBuffer bytes) {}

    /**
     * Brings the changes so far to the file: first what the entries point to, then the entries. They are durable only
     * after a flush that follows. One thread at a time.
     */
    synchronized void writeBack() throws IOException {
        List<Pending> tables = new ArrayList<>();
        List<Integer> entries;
        lock.lock();
        try {
            for (GrainTable table : changed.values()) {
                tables.add(new Pending(table, table.takeChanges(), table.bytes()));
            }
            entries = List.copyOf(changedDirectory);
        } finally {
            lock.unlock();
        }
        if (tables.isEmpty() && entries.isEmpty()) {
            return;
        }
        boolean done = false;
        try {
            file.flush();
            for (Pending pending : tables) {
                write(pending);
            }
            for (int entry : entries) {
                directory.write(file, entry);
            }
            done = true;
        } finally {
            settle(tables, entries, done);
        }
    }

    private void settle(List<Pending> tables, List<Integer> entries, boolean done) {
        lock.lock();
        try {
            for (Pending pending : tables) {
                if (!done) {
                    pending.table().putBack(pending.sectors());
                } else if (!pending.table().isChanged()) {
                    changed.remove(pending.table().index());
                }
            }
            if (done) {
                entries.forEach(changedDirectory::remove);
            }
        } finally {
            lock.unlock();
        }
    }

    private void write(Pending pending) throws IOException {
        int index = pending.table().index();
        long first = directory.firstTable(index);
        long copy = directory.redundantTable(index);
        if (copy > TableLayout.SECTOR && copy != first) {
            writeSectors(pending, copy);
        }
        writeSectors(pending, first);
    }

    private void writeSectors(Pending pending, long place) throws IOException {
        for (int sector = 0; sector < Integer.SIZE; sector++) {
            if ((pending.sectors() >>> sector & 1) != 0) {
                int at = sector * TableLayout.SECTOR;
                int length = Math.min(TableLayout.SECTOR, pending.bytes().capacity() - at);
                file.write(pending.bytes().slice(at, length), place + at);
            }
        }
    }
}
