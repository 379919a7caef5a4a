package io.jimg.vmdk.sparse;

import java.util.Arrays;
import java.util.BitSet;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Which sectors of an extent's file hold its own metadata: header, descriptor and directories, which are few, and grain
 * tables, which have one size. Tables are eight bytes each here.
 */
final class MetadataMap {
    /** A table's sector, index and directory in one number, so that numbers are ordered as sectors are. */
    private static final int INDEX_BITS = 26;

    private static final long INDEX_MASK = (1L << INDEX_BITS) - 1;

    private final List<Area> areas;
    private final int tableSectors;
    private final long[] tables;
    private final BitSet clashing = new BitSet();
    private final BitSet clashingCopies = new BitSet();

    /**
     * What there is one of.
     *
     * @param name with its article
     * @param first sector
     * @param end sector after the last
     */
    record Area(String name, long first, long end) {
        boolean meets(long otherFirst, long otherEnd) {
            return first < otherEnd && otherFirst < end;
        }
    }

    /**
     * A table.
     *
     * @param index in its directory
     * @param copy whether the redundant directory is its directory
     */
    record Table(int index, boolean copy) {
        @Override
        public String toString() {
            return (copy ? "the copy of grain table " : "grain table ") + index;
        }
    }

    /**
     * The map of a file.
     *
     * @param directory entries
     * @param copy those of the redundant directory; null for none
     */
    MetadataMap(List<Area> areas, TableLayout layout, int[] directory, int @Nullable [] copy) {
        this.areas =
                areas.stream().sorted(Comparator.comparingLong(Area::first)).toList();
        this.tableSectors = layout.tableBytes() / TableLayout.SECTOR;
        int least = layout.zeroedGrains() ? 2 : 1;
        long[] all = new long[count(directory, least) + (copy == null ? 0 : count(copy, least))];
        int filled = fill(all, 0, directory, least, 0);
        if (copy != null) {
            fill(all, filled, copy, least, 1);
        }
        Arrays.sort(all);
        this.tables = all;
        findClashes();
    }

    private static int count(int[] directory, int least) {
        int count = 0;
        for (int entry : directory) {
            count += Integer.compareUnsigned(entry, least) >= 0 ? 1 : 0;
        }
        return count;
    }

    private static int fill(long[] all, int from, int[] directory, int least, int copy) {
        int at = from;
        for (int i = 0; i < directory.length; i++) {
            if (Integer.compareUnsigned(directory[i], least) >= 0) {
                all[at++] = Integer.toUnsignedLong(directory[i]) << INDEX_BITS | (long) i << 1 | copy;
            }
        }
        return at;
    }

    private static long sector(long table) {
        return table >>> INDEX_BITS;
    }

    private static Table table(long table) {
        return new Table((int) ((table & INDEX_MASK) >>> 1), (table & 1) != 0);
    }

    private void findClashes() {
        for (int i = 0; i < tables.length; i++) {
            long first = sector(tables[i]);
            if (areaAt(first, first + tableSectors) != null) {
                clashes(table(tables[i]));
            }
            // What overlaps those behind these meets one of these, too.
            int most = Math.min(tables.length, i + 4);
            for (int next = i + 1; next < most && sector(tables[next]) < first + tableSectors; next++) {
                // Both directories may share a table; its index is the same then.
                if (tables[next] != (tables[i] | 1)) {
                    clashes(table(tables[i]));
                    clashes(table(tables[next]));
                }
            }
        }
    }

    private void clashes(Table table) {
        (table.copy() ? clashingCopies : clashing).set(table.index());
    }

    /** Whether a table lies where other metadata does, at least in part. */
    boolean clashing(int index, boolean copy) {
        return (copy ? clashingCopies : clashing).get(index);
    }

    /** The name of the first metadata that some sectors meet; null for none. */
    @Nullable
    String nameAt(long first, long end) {
        Area area = areaAt(first, end);
        int at = indexAt(first, end);
        if (at < 0) {
            return area == null ? null : area.name();
        }
        return area != null && area.first() <= sector(tables[at])
                ? area.name()
                : table(tables[at]).toString();
    }

    /** The first area that some sectors meet; null for none. */
    @Nullable
    Area areaAt(long first, long end) {
        for (Area area : areas) {
            if (area.meets(first, end)) {
                return area;
            }
        }
        return null;
    }

    /** The first table that some sectors meet; null for none. */
    @Nullable
    Table tableAt(long first, long end) {
        int at = indexAt(first, end);
        return at < 0 ? null : table(tables[at]);
    }

    private int indexAt(long first, long end) {
        if (tables.length == 0 || first >= sector(tables[tables.length - 1]) + tableSectors) {
            return -1;
        }
        // The first table that ends after the first sector: tables have one length.
        long least = Math.max(0, first - tableSectors + 1) << INDEX_BITS;
        int found = Arrays.binarySearch(tables, least);
        int at = found < 0 ? -found - 1 : found;
        return at < tables.length && sector(tables[at]) < end ? at : -1;
    }
}
