package io.jimg.vmdk.sparse;

import io.jimg.vmdk.sparse.MetadataMap.Area;
import io.jimg.vmdk.sparse.MetadataMap.Table;
import io.jimg.vmdk.sparse.SparseCheck.Mode;
import io.jimg.vmdk.sparse.SparseCheck.Observer;
import java.io.IOException;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Checks the grain tables of two directories, and repairs them; see {@link SparseCheck}. */
final class TableCheck {
    private static final int SECTOR = TableLayout.SECTOR;

    /**
     * Grains are appended one after the other. So in a file that was cut off at least this part, as a divisor, of what
     * lies between its end and its old one are grains; entries that are damaged point anywhere.
     */
    private static final int LEAKED = 4;

    private final SparseCheck check;
    private final Observer observer;
    private final TableLayout layout;
    private final int[] entries;
    private final int @Nullable [] copy;
    private final MetadataMap map;
    private final GrainPlaces places;
    private final StoredLength lengths;
    /** Tables, and copies of such, on which grains lie; found only where something is to be written. */
    private final BitSet trodden = new BitSet();

    private final BitSet troddenCopies = new BitSet();
    private boolean crowded;
    /** Byte after the last one that tables point to, where the file is shorter. */
    private long promised;
    /** Bytes of what lies behind the file's end. */
    private long missing;

    /**
     * To be checked.
     *
     * @param lengths how long grains are in the file
     * @param areas what else there is in the file, the directories included
     * @param entries the directory; a repair changes it
     * @param copy the redundant directory, which a repair changes, too; null for none
     */
    TableCheck(
            SparseCheck check,
            TableLayout layout,
            StoredLength lengths,
            List<Area> areas,
            int[] entries,
            int @Nullable [] copy) {
        this.check = check;
        this.observer = check.observer();
        this.layout = layout;
        this.entries = entries;
        this.copy = copy;
        this.map = new MetadataMap(areas, layout, entries, copy);
        this.lengths = lengths;
        this.places = new GrainPlaces(lengths.unit());
    }

    /** Checks all; gives whether a directory changed. */
    boolean run() throws IOException {
        if (check.mode() != Mode.LOOK) {
            for (int i = 0; i < entries.length; i++) {
                observer.pause();
                tread(i, table(i, false));
                tread(i, table(i, true));
            }
        }
        boolean changed = false;
        for (int i = 0; i < entries.length; i++) {
            observer.pause();
            changed |= check(i);
        }
        long fileSize = check.fileSize();
        if (promised > fileSize && promised - fileSize <= missing * LEAKED) {
            observer.found(
                    "'" + check.file().name() + "' is truncated: its tables point up to byte " + promised
                            + ", and the file has " + fileSize + " bytes",
                    fileSize,
                    false);
        }
        return changed;
    }

    private void tread(int index, int @Nullable [] table) throws IOException {
        if (table == null) {
            return;
        }
        for (int i = 0; i < table.length; i++) {
            if (!stored(table[i]) || outside(table[i])) {
                continue;
            }
            long first = sector(table[i]);
            Table beneath = map.tableAt(first, first + lengths.sectors((long) index * table.length + i, first));
            if (beneath != null) {
                (beneath.copy() ? troddenCopies : trodden).set(beneath.index());
            }
        }
    }

    /** Reads a table; null where there is none, or none to be believed. */
    private int @Nullable [] table(int index, boolean ofCopy) throws IOException {
        int[] directory = ofCopy ? copy : entries;
        if (directory == null || map.clashing(index, ofCopy) || !inside(place(directory[index]))) {
            return null;
        }
        return check.read(place(directory[index]), layout.tableEntries());
    }

    /** Gives whether the table's place changed. */
    private boolean check(int index) throws IOException {
        long first = place(entries[index]);
        long second = copy == null ? 0 : place(copy[index]);
        if (first == 0 && second == 0) {
            return false;
        }
        int[] table = table(index, false);
        int[] other = table(index, true);
        if (table != null && other != null && !Arrays.equals(table, other)) {
            // A grain's bytes, or a table that was overwritten by them.
            if (trodden.get(index) && !troddenCopies.get(index)) {
                table = null;
            } else if (troddenCopies.get(index) && !trodden.get(index)) {
                other = null;
            }
        }
        if (table == null && other == null) {
            if (!(layout.zeroedGrains() && first == SECTOR)) {
                observer.found("Grain table " + index + " " + loss(index, false), first, false);
                pastEnd(first, layout.tableBytes());
            }
            return false;
        }
        if (table == null || (copy != null && other == null)) {
            return replace(index, table, other);
        }
        boolean differ = compare(index, table, other == null ? table : other);
        if (differ && check.mode() != Mode.LOOK && !trodden.get(index) && !troddenCopies.get(index)) {
            if (check.repairs()) {
                check.write(table, first);
            }
            check.write(other, second);
        }
        return false;
    }

    /** What is wrong with a table that is not to be believed. */
    private String loss(int index, boolean ofCopy) {
        long place = place(Objects.requireNonNull(ofCopy ? copy : entries)[index]);
        if (map.clashing(index, ofCopy)) {
            Area area = map.areaAt(place / SECTOR, (place + layout.tableBytes()) / SECTOR);
            return "lies " + (area == null ? "where another table does" : "on " + area.name());
        }
        if (inside(place)) {
            return "lies where a grain does";
        }
        return place == 0 ? "is missing" : "lies past the end of the file";
    }

    private boolean replace(int index, int @Nullable [] table, int @Nullable [] other) throws IOException {
        boolean ofCopy = table != null;
        int[] directory = Objects.requireNonNull(ofCopy ? copy : entries);
        observer.found(
                (ofCopy ? "The copy of grain table " : "Grain table ") + index + " " + loss(index, ofCopy)
                        + (ofCopy ? "" : "; its copy is there"),
                place(directory[index]),
                check.repairs());
        int[] sound = Objects.requireNonNull(ofCopy ? table : other);
        compare(index, sound, sound);
        if (!check.repairs()) {
            return false;
        }
        long fresh = check.append(layout.tableBytes());
        check.write(sound, fresh);
        directory[index] = (int) (fresh / SECTOR);
        return true;
    }

    /** Compares a table with its copy and makes both right as far as may be; gives whether any is changed. */
    private boolean compare(int index, int[] table, int[] other) throws IOException {
        boolean settle = check.mode() == Mode.SETTLE;
        int different = 0;
        int outside = 0;
        for (int i = 0; i < table.length; i++) {
            if (table[i] != other[i]) {
                different += reconcile((long) index * table.length + i, table, other, i, settle) ? 1 : 0;
            }
            if (outside(table[i])) {
                outside++;
            } else if (stored(table[i])) {
                checkPlace((long) index * table.length + i, table[i]);
            }
            if (stored(table[i])) {
                pastEnd(place(table[i]), lengths.bytes((long) index * table.length + i, sector(table[i])));
            }
        }
        if (different > 0 && !settle) {
            observer.found(
                    "Grain table " + index + " and its copy differ in " + different + " entries",
                    place(entries[index]),
                    check.repairs());
        }
        if (outside > 0) {
            observer.found(
                    outside + " grains of table " + index + " lie past the end of the file",
                    place(entries[index]),
                    false);
        }
        return different > 0;
    }

    /** Makes an entry and its copy one; gives whether that could be. */
    private boolean reconcile(long grain, int[] table, int[] other, int i, boolean settle) throws IOException {
        boolean damaged = impossible(grain, table[i]);
        if (damaged && (settle || impossible(grain, other[i]))) {
            return false;
        }
        boolean takeOther = damaged || (!settle && table[i] == 0 && !impossible(grain, other[i]));
        table[i] = takeOther ? other[i] : table[i];
        other[i] = table[i];
        return true;
    }

    private void checkPlace(long grain, int entry) throws IOException {
        long sector = sector(entry);
        int sectors = lengths.sectors(grain, sector);
        String damage = lengths.damage();
        if (damage != null) {
            observer.found("Grain " + grain + " " + damage + ", at sector " + sector, sector * SECTOR, false);
        }
        String beneath = map.nameAt(sector, sector + sectors);
        if (beneath != null) {
            found(grain, "on " + beneath, sector);
            return;
        }
        switch (places.take(sector, sectors)) {
            case TAKEN -> found(grain, "where another does", sector);
            case UNKNOWN -> {
                if (!crowded) {
                    observer.leftOut("There are too many grains to find all that lie in one place");
                }
                crowded = true;
            }
            default -> {}
        }
    }

    private void found(long grain, String where, long sector) {
        observer.found("Grain " + grain + " lies " + where + ", at sector " + sector, sector * SECTOR, false);
    }

    private void pastEnd(long place, long length) {
        long end = place + length;
        if (end > check.fileSize()) {
            promised = Math.max(promised, end);
            missing += layout.compressed() ? layout.grainSize() : end - Math.max(place, check.fileSize());
        }
    }

    private boolean impossible(long grain, int entry) throws IOException {
        long first = sector(entry);
        return stored(entry) && (outside(entry) || map.nameAt(first, first + lengths.sectors(grain, first)) != null);
    }

    /** Whether an entry points to a grain. */
    private boolean stored(int entry) {
        return entry != 0 && !(entry == 1 && layout.zeroedGrains());
    }

    private boolean outside(int entry) {
        return place(entry) >= check.fileSize();
    }

    private static long sector(int entry) {
        return Integer.toUnsignedLong(entry);
    }

    private static long place(int entry) {
        return sector(entry) * SECTOR;
    }

    private boolean inside(long place) {
        return place > SECTOR && place <= check.fileSize() - layout.tableEntries() * (long) Integer.BYTES;
    }
}
