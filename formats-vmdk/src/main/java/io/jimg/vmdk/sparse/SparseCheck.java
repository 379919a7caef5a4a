package io.jimg.vmdk.sparse;

import io.jimg.ImageException;
import io.jimg.storage.Storage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.BitSet;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Checks the tables of a hosted sparse extent against its file and, table by table, against their copies; repairs what
 * a copy can make good. A repair writes tables first and what points to them after a barrier, so that it can be
 * interrupted and begun again.
 *
 * <p>Where a table and its copy differ, and both entries are possible, the one that points to a grain is right, for
 * grains are written before entries; where both do, the table's.
 */
public final class SparseCheck {
    private static final int SECTOR = TableLayout.SECTOR;
    private static final int PIECE = 64 << 10;

    private final Storage file;
    private final boolean repair;
    private final Observer observer;
    private long fileSize;

    /** Told of what is found. */
    public interface Observer {
        /**
         * Something is wrong.
         *
         * @param sentence for people
         * @param repaired whether it no longer is
         */
        void found(String sentence, boolean repaired);

        /** Throws to stop. */
        void pause() throws ImageException;
    }

    private SparseCheck(Storage file, boolean repair, Observer observer) throws IOException {
        this.file = file;
        this.repair = repair;
        this.observer = observer;
        this.fileSize = file.size();
    }

    /** Checks an extent's file, which nobody else changes meanwhile. */
    public static void run(Storage file, boolean repair, Observer observer) throws IOException {
        new SparseCheck(file, repair, observer).run();
    }

    private void run() throws IOException {
        SparseHeader header = SparseExtents.readHeader(file);
        if (header.directory() == SparseHeader.DIRECTORY_AT_END) {
            SparseHeader footer = SparseExtents.findFooter(file);
            if (footer == null) {
                rebuild(header);
                return;
            }
            header = footer;
        }
        header.check(file.name());
        TableLayout layout = SparseExtents.layout(header);
        long place = SparseExtents.bytes(header.directory());
        long copyPlace = header.redundant() ? SparseExtents.bytes(header.redundantDirectory()) : -1;
        int[] entries = read(place, layout.tables());
        int[] copy = read(copyPlace, layout.tables());
        if (entries == null && copy == null) {
            observer.found("The grain directory lies past the end of the file", false);
            return;
        }
        boolean moved = false;
        if (entries == null) {
            observer.found("The grain directory lies past the end of the file; its copy does not", repair);
            entries = new int[layout.tables()];
            place = append(layout.directoryBytes());
            moved = true;
        } else if (header.redundant() && copy == null) {
            observer.found("The redundant grain directory lies past the end of the file", false);
        }
        boolean changed = checkTables(layout, entries, copy) || moved;
        if (repair && changed) {
            file.flush();
            write(copy, copyPlace);
            write(entries, place);
            file.flush();
            if (moved) {
                file.write(
                        header.withDirectories(header.redundantDirectory(), place / SECTOR)
                                .bytes(),
                        0);
                file.flush();
            }
        }
    }

    private void rebuild(SparseHeader header) throws IOException {
        if (!repair) {
            observer.found("The stream has no footer: the file was not written to its end", false);
            return;
        }
        long reached = StreamRebuild.run(file, header, observer);
        observer.found(
                "The stream had no footer; what it holds was found again, the last of it at guest offset " + reached,
                true);
    }

    private boolean checkTables(TableLayout layout, int[] entries, int @Nullable [] copy) throws IOException {
        boolean changed = false;
        BitSet used = new BitSet();
        for (int i = 0; i < entries.length; i++) {
            observer.pause();
            long first = place(entries[i]);
            long second = copy == null ? 0 : place(copy[i]);
            if (first == 0 && second == 0) {
                continue;
            }
            int[] table = inside(first, layout) ? read(first, layout.tableEntries()) : null;
            int[] other = copy != null && inside(second, layout) ? read(second, layout.tableEntries()) : null;
            if (table == null && other == null) {
                if (!(layout.zeroedGrains() && first == SECTOR)) {
                    observer.found("Grain table " + i + " lies past the end of the file", false);
                }
                continue;
            }
            if (table == null || (copy != null && other == null)) {
                observer.found(
                        table == null
                                ? "Grain table " + i + " is lost; its copy is there"
                                : "The copy of grain table " + i + " is lost",
                        repair);
                int[] sound = Objects.requireNonNull(table == null ? other : table);
                checkEntries(i, layout, sound, sound, used);
                if (repair) {
                    long fresh = append(layout.tableBytes());
                    write(sound, fresh);
                    if (table == null) {
                        entries[i] = (int) (fresh / SECTOR);
                    } else if (copy != null) {
                        copy[i] = (int) (fresh / SECTOR);
                    }
                    changed = true;
                }
                continue;
            }
            if (checkEntries(i, layout, table, other == null ? table : other, used) && repair) {
                write(table, first);
                write(table, second);
            }
        }
        return changed;
    }

    /** Compares a table with its copy and makes the table right as far as may be; gives whether the two differed. */
    private boolean checkEntries(int index, TableLayout layout, int[] table, int[] other, BitSet used) {
        int different = 0;
        int outside = 0;
        for (int i = 0; i < table.length; i++) {
            if (table[i] != other[i]) {
                different++;
                boolean takeOther = outside(table[i]) || (table[i] == 0 && !outside(other[i]));
                table[i] = takeOther ? other[i] : table[i];
            }
            if (outside(table[i])) {
                outside++;
            } else {
                checkUse((long) index * table.length + i, layout, table[i], used);
            }
        }
        if (different > 0) {
            observer.found("Grain table " + index + " and its copy differ in " + different + " entries", repair);
        }
        if (outside > 0) {
            observer.found(outside + " grains of table " + index + " lie past the end of the file", false);
        }
        return different > 0;
    }

    /** Two grains in one place are one too many. */
    private void checkUse(long grain, TableLayout layout, int entry, BitSet used) {
        long sector = Integer.toUnsignedLong(entry);
        long grainSectors = layout.grainSize() / SECTOR;
        if (layout.compressed() || sector < 2 || grainSectors < SparseLayout.GRAIN_SECTORS) {
            return;
        }
        int slot = (int) (sector / grainSectors);
        if (sector % grainSectors == 0 && used.get(slot)) {
            observer.found("Grain " + grain + " lies where another does, at sector " + sector, false);
        }
        used.set(slot);
    }

    private boolean outside(int entry) {
        return place(entry) >= fileSize;
    }

    private static long place(int entry) {
        return Integer.toUnsignedLong(entry) * SECTOR;
    }

    private boolean inside(long place, TableLayout layout) {
        return place > SECTOR && place <= fileSize - layout.tableEntries() * (long) Integer.BYTES;
    }

    private long append(long length) throws IOException {
        if (!repair) {
            return 0;
        }
        long place = (fileSize + SECTOR - 1) & -SECTOR;
        fileSize = place + length;
        file.truncate(fileSize);
        return place;
    }

    private int @Nullable [] read(long place, int count) throws IOException {
        long length = (long) count * Integer.BYTES;
        if (place < 0 || place > fileSize - length) {
            return null;
        }
        int[] entries = new int[count];
        ByteBuffer piece =
                ByteBuffer.allocate((int) Math.min(PIECE, Math.max(length, 4))).order(ByteOrder.LITTLE_ENDIAN);
        for (int done = 0; done < count; ) {
            int some = Math.min(piece.capacity() / Integer.BYTES, count - done);
            file.read(piece.clear().limit(some * Integer.BYTES), place + (long) done * Integer.BYTES);
            piece.flip().asIntBuffer().get(entries, done, some);
            done += some;
        }
        return entries;
    }

    private void write(int @Nullable [] entries, long place) throws IOException {
        if (entries == null) {
            return;
        }
        ByteBuffer piece = ByteBuffer.allocate(PIECE).order(ByteOrder.LITTLE_ENDIAN);
        for (int done = 0; done < entries.length; ) {
            int some = Math.min(PIECE / Integer.BYTES, entries.length - done);
            piece.clear().asIntBuffer().put(entries, done, some);
            file.write(piece.limit(some * Integer.BYTES), place + (long) done * Integer.BYTES);
            done += some;
        }
    }
}
