package io.jimg.qcow2.allocation;

import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.qcow2.mapping.Damage;
import io.jimg.qcow2.mapping.Geometry;
import io.jimg.storage.StorageEvent;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;

/**
 * Takes and gives back host clusters by their refcounts. First fit from the first cluster that may be free, in runs as
 * long as they are wanted and found: the same calls give the same places. Safe for many threads; its lock is held for
 * the search and for reading refcount blocks, never for guest data or a flush.
 *
 * <p>Where the blocks or the table do not reach, they grow: a new block counts itself, a new table is laid out together
 * with the blocks that count it. All this happens in memory; {@link #takeChanges} gives what the host must learn, in
 * the order in which it must.
 */
public final class ClusterAllocator {

    private final Geometry geometry;
    private final RefcountTable table;
    private final RefcountBlocks blocks;
    private final MetadataGuard guard;
    private final MetadataIo io;
    private final Damage damage;
    private final ReentrantLock lock = new ReentrantLock();
    private final List<Allocation> retiredTables = new ArrayList<>();
    private long firstFree;
    private long neverUsed;
    // What lies before is left alone, whatever its refcounts say.
    private long floor;
    private boolean relocated;
    // Where the next compressed stream may go: inside a cluster that was begun; at a cluster's start for nowhere.
    private long streamEnd;

    /**
     * An allocator over the refcounts of an image.
     *
     * @param tableOffset host offset of the refcount table
     * @param tableClusters its clusters
     * @param cachedBlocks refcount blocks that may stay in memory
     * @param fileSize bytes of the file: what lies beyond was never written
     * @param guard knows the places of all metadata but the refcount structures, which are added here
     */
    public ClusterAllocator(
            Geometry geometry,
            long tableOffset,
            int tableClusters,
            int cachedBlocks,
            long fileSize,
            MetadataIo io,
            MetadataGuard guard,
            Damage damage)
            throws IOException {
        this.geometry = geometry;
        this.guard = guard;
        this.damage = damage;
        this.io = io;
        this.table =
                new RefcountTable(geometry, tableOffset, io.read(tableOffset, tableClusters << geometry.clusterBits()));
        guard.with(MetadataSection.REFCOUNT_TABLE, tableOffset, (long) tableClusters << geometry.clusterBits())
                .with(MetadataSection.REFCOUNT_BLOCK, table.places());
        this.blocks = new RefcountBlocks(geometry, table, io, guard, cachedBlocks);
        this.neverUsed = geometry.clusters(fileSize);
    }

    /**
     * Takes up to {@code wanted} clusters in a row, at least one.
     *
     * @throws ImageException {@link ErrorKind#LIMIT} where the refcount structures cannot grow any more
     */
    public Allocation allocate(int wanted) throws IOException {
        return allocate(wanted, ClusterUse.OTHER);
    }

    /** As {@link #allocate(int)}, for a use that is told where the place is impossible. */
    public Allocation allocate(int wanted, ClusterUse use) throws IOException {
        lock.lock();
        try {
            return take(wanted, use);
        } catch (ImageException failure) {
            throw damage.judge(failure);
        } finally {
            lock.unlock();
        }
    }

    /**
     * Takes exactly {@code clusters} clusters in a row, as tables want them.
     *
     * @param clusters at least one
     * @throws ImageException {@link ErrorKind#LIMIT} where the refcount structures cannot grow any more
     */
    public Allocation allocateRun(int clusters) throws IOException {
        if (clusters <= 0) {
            throw new IllegalArgumentException("a run of " + clusters + " clusters");
        }
        lock.lock();
        try {
            return takeRun(clusters);
        } catch (ImageException failure) {
            throw damage.judge(failure);
        } finally {
            lock.unlock();
        }
    }

    /**
     * Takes room for a compressed stream: behind the stream before it if its cluster has room or can be continued, else
     * at the start of a cluster.
     *
     * @param length bytes, from 1 to a cluster
     * @return host offset of the stream
     */
    public long allocateBytes(int length) throws IOException {
        lock.lock();
        try {
            return takeBytes(length);
        } catch (ImageException failure) {
            throw damage.judge(failure);
        } finally {
            lock.unlock();
        }
    }

    /**
     * Raises the refcounts of clusters by one, for one more reference to each.
     *
     * @throws ImageException {@link ErrorKind#LIMIT} where one of them is at its largest; those before it are raised
     */
    public void retain(long hostOffset, long clusters) throws IOException {
        lock.lock();
        try {
            long first = hostOffset >>> geometry.clusterBits();
            for (long cluster = first; cluster < first + clusters; cluster++) {
                blocks.raise(cluster);
            }
        } catch (ImageException failure) {
            throw failure.kind() == ErrorKind.CORRUPT ? damage.judge(failure) : failure;
        } finally {
            lock.unlock();
        }
    }

    /** Gives back clusters that nothing on the host or in memory points to, and to which nobody writes any more. */
    public void release(long hostOffset, long clusters) throws IOException {
        io.about(StorageEvent.CLUSTER_FREE);
        lock.lock();
        try {
            long first = hostOffset >>> geometry.clusterBits();
            for (long cluster = first; cluster < first + clusters; cluster++) {
                lower(cluster);
            }
        } catch (ImageException failure) {
            throw damage.judge(failure);
        } finally {
            lock.unlock();
        }
    }

    /**
     * Throws where bytes that are about to be written in place are metadata. Takes no lock.
     *
     * @param ignored the sort of metadata that is written itself; null for guest data
     * @throws ImageException {@link ErrorKind#CORRUPT} with QEMU's sentence
     */
    public void checkWrite(long hostOffset, long length, @Nullable MetadataSection ignored) throws ImageException {
        try {
            guard.checkWrite(hostOffset, length, ignored);
        } catch (ImageException overlap) {
            throw damage.judge(overlap);
        }
    }

    /** Whether any of some clusters in a row holds metadata, as far as that is guarded. Takes no lock. */
    public boolean holdsMetadata(long hostOffset, long clusters) {
        return guard.holds(hostOffset, clusters << geometry.clusterBits());
    }

    /**
     * An L2 table of the disk has moved.
     *
     * @param from where it was; 0 for nowhere
     */
    public void movedL2Table(long from, long to) {
        lock.lock();
        try {
            guard.moved(MetadataSection.ACTIVE_L2, from, to);
        } finally {
            lock.unlock();
        }
    }

    /** The refcount of the cluster at a host offset. */
    public long refcount(long hostOffset) throws IOException {
        lock.lock();
        try {
            return blocks.get(hostOffset >>> geometry.clusterBits());
        } finally {
            lock.unlock();
        }
    }

    /** Whether there is a refcount for the cluster at a host offset. */
    public boolean isCounted(long hostOffset) throws IOException {
        lock.lock();
        try {
            return counted(hostOffset >>> geometry.clusterBits());
        } finally {
            lock.unlock();
        }
    }

    /** Host offset behind the last cluster that was ever taken. */
    public long end() {
        lock.lock();
        try {
            return neverUsed << geometry.clusterBits();
        } finally {
            lock.unlock();
        }
    }

    /**
     * Forgets the clusters at the end that are free, as where the file is cut behind the last one in use.
     *
     * @return host offset behind that
     */
    public long trimEnd() throws IOException {
        lock.lock();
        try {
            while (neverUsed > 0 && blocks.get(neverUsed - 1) == 0) {
                neverUsed--;
            }
            return neverUsed << geometry.clusterBits();
        } finally {
            lock.unlock();
        }
    }

    /**
     * Takes clusters behind all that may be in use from now on, so that a refcount that is 0 by mistake costs nothing:
     * behind the end of the file, or, on a device of fixed size, behind the last cluster with a refcount.
     *
     * @param deviceSize bytes of such a device; negative for a file
     */
    public void appendOnly(long deviceSize) throws IOException {
        lock.lock();
        try {
            floor = deviceSize < 0 ? neverUsed : geometry.clusters(deviceSize);
            while (deviceSize >= 0 && floor > 0 && blocks.get(floor - 1) == 0) {
                floor--;
            }
        } finally {
            lock.unlock();
        }
    }

    // ---- what the host must learn ----------------------------------------------------------------------------------

    /**
     * Changes of the refcount table that the host lacks. The blocks are written already.
     *
     * @param pieces the entries; they may be written when the blocks are durable
     * @param relocated whether the header must be pointed at {@code tableOffset} when the entries are durable
     * @param tableOffset where the table lies now
     * @param tableClusters its clusters
     * @param retired old tables, to be released when the header is durable
     */
    public record TableChange(
            List<Piece> pieces, boolean relocated, long tableOffset, int tableClusters, List<Allocation> retired) {
        /** Whether there is nothing to do. */
        public boolean isEmpty() {
            return pieces.isEmpty();
        }
    }

    /**
     * Entries of the refcount table.
     *
     * @param hostOffset where they belong
     * @param bytes big-endian
     */
    public record Piece(long hostOffset, ByteBuffer bytes) {}

    /** Whether a refcount, a block or the table has changed and the host does not know. */
    public boolean isDirty() {
        lock.lock();
        try {
            return table.isDirty() || blocks.isDirty();
        } finally {
            lock.unlock();
        }
    }

    /** Writes the changed blocks, and takes the changes of the table. */
    public TableChange takeChanges() throws IOException {
        lock.lock();
        try {
            blocks.write();
            List<Piece> pieces = table.takeDirty().stream()
                    .map(piece -> new Piece(piece.hostOffset(), piece.bytes()))
                    .toList();
            TableChange change = new TableChange(
                    pieces, relocated, table.hostOffset(), table.clusters(), List.copyOf(retiredTables));
            retiredTables.clear();
            relocated = false;
            return change;
        } finally {
            lock.unlock();
        }
    }

    /** Takes back {@link #takeChanges} where its writing failed. */
    public void restore(TableChange change) {
        lock.lock();
        try {
            if (!change.isEmpty()) {
                table.markAllDirty();
            }
            relocated |= change.relocated();
            retiredTables.addAll(change.retired());
        } finally {
            lock.unlock();
        }
    }

    // ---- under the lock --------------------------------------------------------------------------------------------

    private Allocation take(int wanted, ClusterUse use) throws IOException {
        long start = nextFree(Math.max(firstFree, floor));
        long end = start + 1;
        // A run may go on into the next block where that exists, and ends where the file used to end.
        while (end - start < wanted && end != neverUsed && counted(end) && blocks.get(end) == 0) {
            end++;
        }
        if (end - start < wanted && end != neverUsed && !counted(end)) {
            end = goOnUncounted(end, wanted - (end - start));
        }
        firstFree = end;
        return use(start, end, use);
    }

    /**
     * Goes on into clusters that no block counts, so that a row of guest clusters stays one row on the host; the
     * missing block is made behind them.
     *
     * @return where the run ends
     */
    private long goOnUncounted(long cluster, long wanted) throws IOException {
        long block = blocks.blockOf(cluster);
        if (block >= table.length()) {
            return cluster;
        }
        long lastCounted = ((block + 1) << geometry.refcountBlockBits()) - 1;
        long end = Math.min(cluster + wanted, lastCounted);
        if (cluster < neverUsed) {
            end = Math.min(end, neverUsed);
        }
        createBlocks(end, 0);
        return end;
    }

    /** A run across refcount blocks; where they are missing, as many as it needs are made in front of it. */
    private Allocation takeRun(int clusters) throws IOException {
        long first = nextFree(Math.max(firstFree, floor));
        long start = first;
        long end = first;
        while (end - start < clusters) {
            if (!counted(end)) {
                end = createBlocks(end, clusters);
                start = end;
            } else if (blocks.get(end) == 0) {
                end++;
            } else {
                end++;
                start = end;
            }
        }
        if (start == first) {
            firstFree = end;
        }
        return use(start, end, ClusterUse.OTHER);
    }

    /** Counts free clusters as used once. */
    private Allocation use(long start, long end, ClusterUse use) throws IOException {
        guard.checkAllocation(start << geometry.clusterBits(), (end - start) << geometry.clusterBits(), use);
        for (long cluster = start; cluster < end; cluster++) {
            blocks.set(cluster, 1);
        }
        boolean fresh = start >= neverUsed;
        neverUsed = Math.max(neverUsed, end);
        return new Allocation(start << geometry.clusterBits(), (int) (end - start), fresh);
    }

    /** The first free cluster from a place on; makes blocks where there are none. */
    private long nextFree(long from) throws IOException {
        long cluster = from;
        while (true) {
            if (!counted(cluster)) {
                cluster = createBlocks(cluster, 0);
            } else if (blocks.get(cluster) == 0) {
                return cluster;
            } else {
                cluster++;
            }
        }
    }

    private long takeBytes(int length) throws IOException {
        long cluster = streamEnd >>> geometry.clusterBits();
        int used = geometry.inCluster(streamEnd);
        if (used == 0
                || !blocks.shareable(cluster)
                || (used + length > geometry.clusterSize() && !takeExactly(cluster + 1))) {
            long start = take(1, ClusterUse.COMPRESSED).hostOffset();
            streamEnd = start + length;
            return start;
        }
        blocks.set(cluster, blocks.get(cluster) + 1);
        long start = streamEnd;
        streamEnd = start + length;
        return start;
    }

    private boolean takeExactly(long cluster) throws IOException {
        if (!counted(cluster) || blocks.get(cluster) != 0) {
            return false;
        }
        guard.checkAllocation(cluster << geometry.clusterBits(), geometry.clusterSize(), ClusterUse.COMPRESSED);
        blocks.set(cluster, 1);
        if (cluster == firstFree) {
            firstFree++;
        }
        neverUsed = Math.max(neverUsed, cluster + 1);
        return true;
    }

    private void lower(long cluster) throws IOException {
        if (blocks.lower(cluster) == 0) {
            firstFree = Math.min(firstFree, cluster);
            guard.released(cluster << geometry.clusterBits());
            if (streamEnd >>> geometry.clusterBits() == cluster) {
                streamEnd = 0;
            }
        }
    }

    private boolean counted(long cluster) throws IOException {
        return table.block(blocks.blockOf(cluster)) != 0;
    }

    /**
     * Makes the missing block that counts {@code cluster}, in that cluster: no block means that all its clusters are
     * free. Makes those behind it too, as far as they are missing and a run of {@code wanted} clusters needs them.
     *
     * @return where the search goes on
     */
    private long createBlocks(long cluster, int wanted) throws IOException {
        long first = blocks.blockOf(cluster);
        long inFirst = cluster - (first << geometry.refcountBlockBits());
        int made = 1;
        while (((long) made << geometry.refcountBlockBits()) - inFirst - made < wanted
                && table.block(first + made) == 0) {
            made++;
        }
        if (first + made > table.length()) {
            growTable(first + made - 1);
            return cluster;
        }
        guard.checkAllocation(
                cluster << geometry.clusterBits(), (long) made << geometry.clusterBits(), ClusterUse.REFCOUNT_BLOCK);
        guard.checkWrite(
                table.hostOffset() + first * Long.BYTES, (long) made * Long.BYTES, MetadataSection.REFCOUNT_TABLE);
        for (int i = 0; i < made; i++) {
            createBlock((int) first + i, cluster + i);
        }
        for (long each = cluster; each < cluster + made; each++) {
            blocks.set(each, 1);
        }
        neverUsed = Math.max(neverUsed, cluster + made);
        return cluster + made;
    }

    /**
     * Moves the table to where no block counts anything yet, followed by the blocks that count the new table and
     * themselves.
     */
    private void growTable(long index) throws IOException {
        LargerTable larger = LargerTable.reaching(index, table, geometry);
        int firstBlock = larger.firstBlock();
        int tableClusters = larger.tableClusters();
        int newBlocks = larger.newBlocks();
        long start = (long) firstBlock << geometry.refcountBlockBits();
        guard.checkAllocation(
                start << geometry.clusterBits(),
                (long) (tableClusters + newBlocks) << geometry.clusterBits(),
                ClusterUse.OTHER);

        long end = start + tableClusters + newBlocks;
        neverUsed = Math.max(neverUsed, end);
        Allocation old = new Allocation(table.hostOffset(), table.clusters(), false);
        RefcountTable.State before = table.state();
        try {
            table.relocate(start << geometry.clusterBits(), tableClusters);
            for (int i = 0; i < newBlocks; i++) {
                createBlock(firstBlock + i, start + tableClusters + i);
            }
            for (long cluster = start; cluster < end; cluster++) {
                blocks.set(cluster, 1);
            }
        } catch (IOException failure) {
            blocks.forget(firstBlock);
            table.reset(before);
            throw failure;
        }
        guard.with(MetadataSection.REFCOUNT_TABLE, table.hostOffset(), (long) tableClusters << geometry.clusterBits());
        relocated = true;
        retiredTables.add(old);
    }

    private void createBlock(int index, long cluster) throws IOException {
        blocks.create(index, cluster << geometry.clusterBits());
        guard.with(MetadataSection.REFCOUNT_BLOCK, LongStream.of(cluster << geometry.clusterBits()));
    }
}
