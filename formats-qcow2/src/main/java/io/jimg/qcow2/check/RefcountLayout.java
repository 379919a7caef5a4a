package io.jimg.qcow2.check;

import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.qcow2.header.Header;
import io.jimg.qcow2.header.HeaderLimits;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * A refcount table and its blocks laid out anew in clusters that nothing uses, themselves counted: each block as early
 * as it can be without lying before what it counts, then the table as early as it can be. So a file with room does not
 * grow, which a block device could not. Not safe for threads.
 */
final class RefcountLayout {
    /** Tells what must not be overwritten. */
    @FunctionalInterface
    interface Occupancy {
        /** Whether anything uses a cluster, the old structures included. */
        boolean occupied(long cluster);
    }

    private final Header header;
    private final String resource;
    private final Occupancy used;
    private final ClusterCounts counts;
    /** Host cluster of each block, by its index in the table; -1 where it has none yet. */
    private final TreeMap<Long, Long> blocks = new TreeMap<>();

    private final TreeSet<Long> unplaced = new TreeSet<>();
    private final Set<Long> taken = new HashSet<>();
    private long tableStart;
    private int tableClusters;

    // The last search: from where, and the first free cluster that it found.
    private long searchedFrom = -1;
    private long searchedTo = -1;

    /**
     * Decides what goes where.
     *
     * @param resource the file's name, for the exception
     * @param used what must not be overwritten
     * @param counts what the new blocks are to say, without themselves
     * @throws ImageException {@link ErrorKind#LIMIT} where the table would be larger than a table can be
     */
    RefcountLayout(Header header, String resource, Occupancy used, ClusterCounts counts) throws IOException {
        this.header = header;
        this.resource = resource;
        this.used = used;
        this.counts = counts;
        counts.each((cluster, count) -> want(cluster));
        do {
            placeBlocks();
            placeTable();
        } while (!unplaced.isEmpty());
    }

    /** Host offset of the table. */
    long tableOffset() {
        return tableStart << header.clusterBits();
    }

    /** Clusters of the table. */
    int tableClusters() {
        return tableClusters;
    }

    /** Clusters that table and blocks take. */
    Set<Long> taken() {
        return Set.copyOf(taken);
    }

    /** The last cluster that is taken. */
    long highest() {
        return taken.stream().mapToLong(Long::longValue).max().orElse(0);
    }

    /** Writes everything; nothing refers to it yet. Adds what it takes to the counts. */
    void write(Fixes fixes) throws IOException {
        writeBlocks(fixes);
        writeTable(fixes);
    }

    /** The first half of {@link #write}. */
    void writeBlocks(Fixes fixes) throws IOException {
        for (long cluster : taken) {
            counts.add(cluster, 1);
        }
        ByteBuffer block = ByteBuffer.allocate(header.clusterSize());
        for (Map.Entry<Long, Long> placed : blocks.entrySet()) {
            long first = placed.getKey() << header.refcountBlockBits();
            for (int i = 0; i < header.refcountsPerBlock(); i++) {
                RefcountTable.setRefcount(block, i, header.refcountOrder(), counts.get(first + i));
            }
            fixes.write(block.clear(), placed.getValue() << header.clusterBits());
        }
    }

    /** The second half of {@link #write}. */
    void writeTable(Fixes fixes) throws IOException {
        ByteBuffer table = ByteBuffer.allocate(tableClusters << header.clusterBits());
        for (Map.Entry<Long, Long> placed : blocks.entrySet()) {
            table.putLong((int) (placed.getKey() * Long.BYTES), placed.getValue() << header.clusterBits());
        }
        fixes.write(table.clear(), tableOffset());
    }

    private void placeBlocks() throws ImageException {
        for (Long index = unplaced.pollFirst(); index != null; index = unplaced.pollFirst()) {
            long cluster = firstFree(index << header.refcountBlockBits());
            take(cluster);
            blocks.put(index, cluster);
        }
    }

    /** Places the table anew where it has grown with the blocks. */
    private void placeTable() throws ImageException {
        // Where nothing is counted yet, the table itself will be.
        long bytes = (blocks.isEmpty() ? 1 : blocks.lastKey() + 1) * Long.BYTES;
        if (bytes > HeaderLimits.MAX_REFCOUNT_TABLE_BYTES) {
            throw new ImageException(
                    ErrorKind.LIMIT,
                    "The image is too large for a refcount table",
                    resource,
                    ImageException.NO_OFFSET,
                    null);
        }
        int needed = (int) ((bytes + header.clusterSize() - 1) >>> header.clusterBits());
        if (needed == tableClusters) {
            return;
        }
        for (long i = 0; i < tableClusters; i++) {
            taken.remove(tableStart + i);
        }
        searchedFrom = -1;
        tableClusters = needed;
        long start = firstFree(0);
        for (long end = start; end < start + needed; end++) {
            if (!free(end)) {
                start = firstFree(end);
                end = start - 1;
            }
        }
        tableStart = start;
        for (long cluster = start; cluster < start + needed; cluster++) {
            take(cluster);
        }
    }

    private void take(long cluster) {
        taken.add(cluster);
        want(cluster);
    }

    private void want(long cluster) {
        long index = cluster >>> header.refcountBlockBits();
        if (!blocks.containsKey(index)) {
            blocks.put(index, -1L);
            unplaced.add(index);
        }
    }

    private boolean free(long cluster) {
        return !used.occupied(cluster) && !taken.contains(cluster);
    }

    private long firstFree(long from) {
        long cluster = searchedFrom >= 0 && from >= searchedFrom ? Math.max(from, searchedTo) : from;
        while (!free(cluster)) {
            cluster++;
        }
        searchedFrom = from;
        searchedTo = cluster;
        return cluster;
    }
}
