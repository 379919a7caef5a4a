package io.jimg.qcow2.image;

import io.jimg.BlockDevice;
import io.jimg.ErrorKind;
import io.jimg.Extent;
import io.jimg.ImageException;
import io.jimg.ZeroMode;
import io.jimg.qcow2.mapping.EntryCodec;
import io.jimg.qcow2.mapping.Geometry;
import io.jimg.qcow2.mapping.L2Cache;
import io.jimg.qcow2.mapping.L2Slice;
import io.jimg.qcow2.mapping.Run;
import io.jimg.spi.RangeLock;
import io.jimg.spi.Zeroes;
import io.jimg.storage.Outcome;
import io.jimg.storage.Storage;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The way of zeroes and of discards: whole clusters and subclusters by their entries, what is left at the edges as
 * data. What a backing file holds never shows where something was zeroed or discarded.
 */
final class GuestEraser {

    /** What becomes of an entry. Has no effect of its own. */
    @FunctionalInterface
    private interface Rule {
        /**
         * The new state of a cluster.
         *
         * @param mask the subclusters that are concerned; bit 0 alone where entries are standard
         * @return the new entry and bitmap; null where nothing changes
         */
        @Nullable
        Entry apply(long entry, long bitmap, long mask, long guestOffset);
    }

    private record Entry(long entry, long bitmap) {}

    private final WriteSide side;
    private final EntryCodec codec;
    private final Geometry geometry;
    private final L2Cache cache;
    private final GuestWriter writer;
    private final ExtentView extents;
    private final Storage data;
    private final @Nullable BlockDevice backing;
    private final long guestSize;
    private final long wholeMask;
    private final boolean rawData;
    private final boolean punch;

    /**
     * For one image.
     *
     * @param guestSize bytes; the last cluster counts as whole where a request reaches the end
     * @param rawData whether the external data file has to hold the zeroes, too
     * @param punch whether what is discarded, or zeroed so that it may be unmapped, is given back to the host
     */
    GuestEraser(
            WriteSide side,
            GuestWriter writer,
            ExtentView extents,
            Storage data,
            @Nullable BlockDevice backing,
            long guestSize,
            boolean rawData,
            boolean punch) {
        this.side = side;
        this.codec = side.map().codec();
        this.geometry = codec.geometry();
        this.cache = side.map().cache();
        this.writer = writer;
        this.extents = extents;
        this.data = data;
        this.backing = backing;
        this.guestSize = guestSize;
        this.wholeMask = geometry.extended() ? EntryCodec.subclusterMask(0, Geometry.SUBCLUSTERS) : 1;
        this.rawData = rawData;
        this.punch = punch;
    }

    // ---- zeroes ----------------------------------------------------------------------------------------------------

    /** Makes a range zero. */
    void zero(long offset, long length, ZeroMode mode) throws IOException {
        side.header().beforeWrite();
        long end = offset + length;
        int granule = geometry.subclusterSize();
        long first = Math.min(end, (offset + granule - 1) & -(long) granule);
        long last = end == guestSize ? end : Math.max(first, end & -(long) granule);
        if (mode == ZeroMode.ONLY_IF_FAST && !(isZero(offset, first) && isZero(last, end))) {
            throw slow();
        }
        zeroAsData(offset, first, mode);
        if (last > first) {
            zeroGranules(first, last, mode);
        }
        zeroAsData(last, end, mode);
    }

    private void zeroGranules(long first, long last, ZeroMode mode) throws IOException {
        if (rawData) {
            zeroRawData(first, last, mode);
        } else if (codec.version() >= 3) {
            Rule rule = (entry, bitmap, mask, at) -> zeroed(entry, bitmap, mask, mode);
            for (long[] left : change(first, last, rule, punches(mode), at -> true)) {
                zeroAsData(left[0], left[1], mode);
            }
        } else {
            zeroVersion2(first, last, mode);
        }
    }

    /**
     * Version 2 has no zero clusters: clusters without a backing file behind them can be unmapped, the rest is data,
     * whatever the backing file holds today.
     */
    private void zeroVersion2(long first, long last, ZeroMode mode) throws IOException {
        for (long at = first; at < last; ) {
            long end = Math.min(last, at + geometry.clusterSize());
            if (mode != ZeroMode.EXPLICIT && showsBacking(at)) {
                writeZeroData(at, end, mode);
            } else if (mode == ZeroMode.EXPLICIT || mode == ZeroMode.KEEP_ALLOCATED) {
                zeroAsData(at, end, mode);
            } else {
                change(at, end, this::unmapped, punches(mode), guestOffset -> false);
            }
            at = end;
        }
    }

    private void zeroRawData(long first, long last, ZeroMode mode) throws IOException {
        if (data.zero(first, last - first, mode == ZeroMode.KEEP_ALLOCATED) == Outcome.UNSUPPORTED) {
            if (mode == ZeroMode.ONLY_IF_FAST) {
                throw slow();
            }
            Zeroes.write(last - first, (zeroes, at) -> data.write(zeroes, first + at));
        }
        change(first, last, this::zeroInPlace, false, guestOffset -> true);
    }

    /** Says that a cluster is zero, also where nothing else would show: what lies beneath the image may change. */
    private @Nullable Entry zeroed(long entry, long bitmap, long mask, ZeroMode mode) {
        boolean whole = mask == wholeMask;
        boolean host = codec.compressed(entry) || codec.hostOffset(entry) != Run.NOWHERE;
        boolean keepHost =
                host && !codec.compressed(entry) && (!whole || (mode == ZeroMode.KEEP_ALLOCATED && codec.owned(entry)));
        if (!geometry.extended()) {
            Entry changed = new Entry(codec.zeroEntry(keepHost ? codec.hostOffset(entry) : Run.NOWHERE, true), 0);
            return changed.entry == entry ? null : changed;
        }
        Entry changed = new Entry(keepHost ? entry : 0, (bitmap & ~mask) | mask << 32);
        return changed.entry == entry && changed.bitmap == bitmap ? null : changed;
    }

    private @Nullable Entry zeroInPlace(long entry, long bitmap, long mask, long guestOffset) {
        long host = geometry.clusterStart(guestOffset);
        return geometry.extended()
                ? new Entry(codec.dataEntry(host), (bitmap & ~mask) | mask << 32)
                : new Entry(codec.zeroEntry(host, true), 0);
    }

    private @Nullable Entry unmapped(long entry, long bitmap, long mask, long guestOffset) {
        return entry == 0 ? null : new Entry(0, 0);
    }

    // ---- discard ---------------------------------------------------------------------------------------------------

    /** Discards the whole clusters of a range. */
    void discard(long offset, long length) throws IOException {
        long end = offset + length;
        long first = geometry.clusterCeiling(offset);
        long last = end == guestSize ? end : geometry.clusterStart(end);
        if (rawData || last <= first) {
            return;
        }
        side.header().beforeWrite();
        change(first, last, codec.version() >= 3 ? this::discarded : this::discardedVersion2, punch, at -> false);
    }

    private @Nullable Entry discarded(long entry, long bitmap, long mask, long guestOffset) {
        if (!codec.compressed(entry) && codec.hostOffset(entry) == Run.NOWHERE) {
            return null;
        }
        return geometry.extended()
                ? new Entry(0, EntryCodec.BITMAP_ZERO)
                : new Entry(codec.zeroEntry(Run.NOWHERE, false), 0);
    }

    private @Nullable Entry discardedVersion2(long entry, long bitmap, long mask, long guestOffset) {
        return showsBacking(guestOffset) ? null : unmapped(entry, bitmap, mask, guestOffset);
    }

    // ---- both ------------------------------------------------------------------------------------------------------

    @FunctionalInterface
    private interface Wanted {
        boolean at(long guestOffset);
    }

    /**
     * Applies a rule to the entries of a range, slice by slice.
     *
     * @param tableWanted whether an L2 table that does not exist must be made for the sake of the entry at an offset
     * @return parts that no entry can express: from and end of pieces of compressed clusters
     */
    private List<long[]> change(long first, long last, Rule rule, boolean punchFreed, Wanted tableWanted)
            throws IOException {
        List<long[]> left = new ArrayList<>();
        for (long at = first; at < last; ) {
            boolean wanted = side.tables().exists(at) || tableWanted.at(at);
            long end = Math.min(last, wanted ? cache.sliceEnd(at) : geometry.tableEnd(at));
            if (wanted) {
                changeSlice(at, end, rule, punchFreed, left);
            }
            at = end;
        }
        return left;
    }

    private void changeSlice(long first, long end, Rule rule, boolean punchFreed, List<long[]> left)
            throws IOException {
        long lockFrom = geometry.clusterStart(first);
        try (RangeLock.Held held = side.ranges().lock(lockFrom, geometry.clusterCeiling(end) - lockFrom)) {
            side.header().beforeAllocation();
            side.tables().own(first);
            List<Long> freed = new ArrayList<>();
            cache.update(first, slice -> {
                for (long at = first; at < end; at = geometry.clusterStart(at) + geometry.clusterSize()) {
                    long clusterEnd = Math.min(end, geometry.clusterStart(at) + geometry.clusterSize());
                    changeCluster(slice, at, clusterEnd, rule, freed, left);
                }
            });
            for (long entry : freed) {
                free(entry, punchFreed);
            }
        }
    }

    private void changeCluster(L2Slice slice, long from, long end, Rule rule, List<Long> freed, List<long[]> left) {
        int index = cache.indexInSlice(from);
        long old = slice.entry(index);
        long mask = mask(from, end);
        if (codec.compressed(old) && mask != wholeMask) {
            left.add(new long[] {from, end});
            return;
        }
        Entry changed = rule.apply(old, slice.bitmap(index), mask, from);
        if (changed != null) {
            slice.set(index, changed.entry, changed.bitmap);
            if (codec.compressed(old)
                    || (codec.hostOffset(old) != Run.NOWHERE && codec.hostOffset(changed.entry) == Run.NOWHERE)) {
                freed.add(old);
            }
        }
    }

    private long mask(long from, long end) {
        if (!geometry.extended()) {
            return 1;
        }
        int size = geometry.subclusterSize();
        int lastSubcluster = (geometry.inCluster(end - 1)) / size;
        return EntryCodec.subclusterMask(geometry.inCluster(from) / size, lastSubcluster + 1);
    }

    private void free(long entry, boolean punchFreed) {
        if (codec.compressed(entry)) {
            side.freeStream(codec.streamOffset(entry), codec.streamLimit(entry), punchFreed);
        } else {
            side.space().free(codec.hostOffset(entry), 1, punchFreed);
        }
    }

    /** Whether what is freed goes back to the host. */
    private boolean punches(ZeroMode mode) {
        return punch && (mode == ZeroMode.MAY_UNMAP || mode == ZeroMode.EXPLICIT);
    }

    private boolean showsBacking(long guestOffset) {
        return backing != null && guestOffset < backing.size();
    }

    private boolean isZero(long from, long end) throws IOException {
        for (long at = from; at < end; ) {
            Extent extent = extents.at(at, end - at, BlockDevice.ALL_LAYERS);
            if (!extent.zero()) {
                return false;
            }
            at = extent.end();
        }
        return true;
    }

    /** Writes zeroes as data where there are none yet, or, for {@link ZeroMode#EXPLICIT}, none of the image's own. */
    private void zeroAsData(long from, long end, ZeroMode mode) throws IOException {
        int layers = mode == ZeroMode.EXPLICIT ? 1 : BlockDevice.ALL_LAYERS;
        for (long at = from; at < end; ) {
            Extent extent = extents.at(at, end - at, layers);
            if (!extent.zero() || (mode == ZeroMode.EXPLICIT && !extent.present())) {
                writeZeroData(extent.guestOffset(), extent.end(), mode);
            }
            at = extent.end();
        }
    }

    private void writeZeroData(long from, long end, ZeroMode mode) throws IOException {
        if (mode == ZeroMode.ONLY_IF_FAST) {
            throw slow();
        }
        Zeroes.write(end - from, (zeroes, done) -> writer.write(zeroes, from + done));
    }

    private static ImageException slow() {
        return new ImageException(ErrorKind.UNSUPPORTED, "Zeroes cannot be written without writing data");
    }
}
