package io.jimg.qcow2.check;

import io.jimg.qcow2.header.Header;
import io.jimg.validate.Place;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * Entries of L2 tables that read as zeroes and have a host cluster at no cluster's start. They need none, and lose it;
 * but only once it is known that their table is nothing but a table: a damaged image may take a guest's data for one.
 * Not safe for threads.
 */
final class UnplacedZeroes {
    private static final int ENTRY_BYTES = 64;
    private static final long ZERO = 1;

    private record Entry(long tableStart, int index, long offset, long weight, boolean activeOnly) {}

    private final Header header;
    private final MemoryBudget budget;
    private final List<Entry> entries = new ArrayList<>();

    UnplacedZeroes(Header header, MemoryBudget budget) {
        this.header = header;
        this.budget = budget;
    }

    /**
     * An entry that was told of as repaired.
     *
     * @param weight how many L1 entries refer to its table
     * @param activeOnly whether all of these are of the active L1 table
     */
    void add(long tableStart, int index, long offset, long weight, boolean activeOnly) throws IOException {
        budget.reserve(ENTRY_BYTES);
        entries.add(new Entry(tableStart, index, offset, weight, activeOnly));
    }

    /**
     * Writes the entries, after everything was counted; those of tables that are copied later are seen to then, and
     * what must be left is counted now.
     */
    void drop(References references, Findings findings, Fixes fixes) throws IOException {
        for (Entry entry : entries) {
            if (!references.usedOtherwise(entry.tableStart)) {
                fixes.entry(
                        entry.tableStart + (long) entry.index * header.l2EntrySize(), header.extendedL2() ? 0 : ZERO);
            } else if (!entry.activeOnly || !TableCopies.copies(header, references, entry.tableStart)) {
                findings.takeBackFixed();
                findings.corruption(
                        entry.weight,
                        Place.host(entry.tableStart + (long) entry.index * header.l2EntrySize()),
                        () -> "ERROR offset=" + Long.toHexString(entry.offset)
                                + ": Preallocated cluster is not properly aligned; L2 entry left alone, for its table"
                                + " lies on other data.");
                references.count(entry.offset, header.clusterSize(), entry.weight);
            }
        }
    }

    /** Drops such entries in a table in memory. */
    static void drop(Header header, ByteBuffer table) {
        int size = header.l2EntrySize();
        for (int at = 0; at < table.capacity(); at += size) {
            long entry = table.getLong(at);
            long bitmap = header.extendedL2() ? table.getLong(at + Long.BYTES) : 0;
            if ((entry & L2Scan.COMPRESSED) == 0
                    && (entry & L2Scan.OFFSET_MASK & (header.clusterSize() - 1)) != 0
                    && L2Scan.readsAsZeroes(header, entry, bitmap)) {
                table.putLong(at, header.extendedL2() ? 0 : ZERO);
            }
        }
    }
}
