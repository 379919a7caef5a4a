package io.jimg.qcow2.mapping;

import io.jimg.ErrorKind;
import io.jimg.ImageException;
import java.io.IOException;
import java.util.concurrent.locks.StampedLock;
import org.jspecify.annotations.Nullable;

/**
 * Finds what lies behind guest offsets. Allocates and changes nothing, and takes no lock for slices that are in memory.
 * Safe for many threads.
 */
public final class Mapper {
    private static final int OPTIMISTIC_ATTEMPTS = 4;

    /**
     * Slices that one run is followed through. A small file whose L1 entries share one table can claim 2^35 entries,
     * and whoever asks must be able to stop in between.
     */
    private static final int MOST_SLICES = 1024;

    private final EntryCodec codec;
    private final Geometry geometry;
    private final L1Table l1;
    private final L2Cache cache;
    private final Damage damage;

    /** A mapper over one L1 table. */
    public Mapper(EntryCodec codec, L1Table l1, L2Cache cache, Damage damage) {
        this.codec = codec;
        this.geometry = codec.geometry();
        this.l1 = l1;
        this.cache = cache;
        this.damage = damage;
    }

    /**
     * The run at a guest offset: as long as its kind and host bytes continue, over slices and tables, of which there is
     * a most.
     *
     * @param length bytes of interest, greater than zero; the answer is never longer
     * @throws ImageException {@link io.jimg.ErrorKind#CORRUPT} for entries that no sound image has
     */
    public Run find(long guestOffset, long length) throws IOException {
        try {
            return findRun(guestOffset, length);
        } catch (ImageException failure) {
            throw damage.judge(failure);
        }
    }

    /** As {@link #find}, for a write: an entry that names no place to write to is told of in QEMU's words for that. */
    public Run findToWrite(long guestOffset, long length) throws IOException {
        try {
            return findRun(guestOffset, length);
        } catch (ImageException failure) {
            throw damage.judge(failure.kind() == ErrorKind.CORRUPT ? inWordsOfWrites(failure) : failure);
        }
    }

    private ImageException inWordsOfWrites(ImageException failure) throws IOException {
        long guestOffset = failure.offset();
        L2Slice slice = guestOffset < 0 ? null : cache.find(guestOffset);
        if (slice == null) {
            return failure;
        }
        long entry = slice.entry(cache.indexInSlice(guestOffset));
        long hostOffset = entry & EntryCodec.OFFSET_MASK;
        if (codec.compressed(entry) || !codec.owned(entry) || geometry.inCluster(hostOffset) == 0) {
            return failure;
        }
        String what = codec.isZero(entry) && !geometry.extended() ? "Preallocated zero" : "Data";
        return new ImageException(
                ErrorKind.CORRUPT,
                what + " cluster offset " + Hex.of(hostOffset) + " unaligned (guest offset: " + Hex.of(guestOffset)
                        + ")",
                null,
                guestOffset,
                failure);
    }

    private Run findRun(long guestOffset, long length) throws IOException {
        long end = guestOffset + length;
        Run run = findInSlice(guestOffset, end);
        for (int slices = 1; run.end() < end && slices < MOST_SLICES; slices++) {
            if (run.kind() == RunKind.COMPRESSED || geometry.inCluster(run.end()) != 0) {
                break;
            }
            Run next = lookAhead(run.end(), end);
            if (next == null || !run.continuedBy(next)) {
                break;
            }
            run = run.join(next);
        }
        return run;
    }

    /** What follows a run; null where that is damage, which is told once it is asked for itself. */
    private @Nullable Run lookAhead(long guestOffset, long end) throws IOException {
        try {
            return findInSlice(guestOffset, end);
        } catch (ImageException failure) {
            if (failure.kind() == ErrorKind.CORRUPT) {
                return null;
            }
            throw failure;
        }
    }

    /** As {@link #find}, but the run may end where its slice ends. */
    private Run findInSlice(long guestOffset, long end) throws IOException {
        L2Slice slice = cache.find(guestOffset);
        if (slice == null) {
            return new Run(
                    RunKind.UNALLOCATED,
                    guestOffset,
                    tableGapEnd(guestOffset, end) - guestOffset,
                    Run.NOWHERE,
                    false,
                    0);
        }
        long sliceEnd = Math.min(end, cache.sliceEnd(guestOffset));
        StampedLock lock = slice.lock();
        for (int attempt = 0; attempt < OPTIMISTIC_ATTEMPTS; attempt++) {
            long stamp = lock.tryOptimisticRead();
            if (stamp != 0) {
                Run run = scanOptimistically(slice, guestOffset, sliceEnd);
                if (lock.validate(stamp) && run != null) {
                    return run;
                }
            }
        }
        long stamp = lock.readLock();
        try {
            return scan(slice, guestOffset, sliceEnd);
        } finally {
            lock.unlockRead(stamp);
        }
    }

    /**
     * A scan whose findings may be torn by a change under way: what looks corrupt is left for the scan under the lock
     * to judge.
     */
    private @Nullable Run scanOptimistically(L2Slice slice, long guestOffset, long end) {
        try {
            return scan(slice, guestOffset, end);
        } catch (ImageException perhapsTorn) {
            return null;
        }
    }

    private long tableGapEnd(long guestOffset, long end) {
        long index = geometry.l1Index(guestOffset);
        long coverage = geometry.tableCoverage();
        do {
            index++;
        } while (index < l1.length() && index * coverage < end && l1.entry(index) == 0);
        long gapEnd = index * coverage;
        return gapEnd <= 0 || index >= l1.length() ? end : Math.min(end, gapEnd);
    }

    private Run scan(L2Slice slice, long guestOffset, long end) throws ImageException {
        int index = cache.indexInSlice(guestOffset);
        long entry = slice.entry(index);
        long bitmap = slice.bitmap(index);
        validate(entry, bitmap, guestOffset);
        int inCluster = geometry.inCluster(guestOffset);
        if (codec.compressed(entry)) {
            long clusterEnd = guestOffset - inCluster + geometry.clusterSize();
            return new Run(
                    RunKind.COMPRESSED,
                    guestOffset,
                    Math.min(end, clusterEnd) - guestOffset,
                    codec.streamOffset(entry),
                    false,
                    codec.streamLimit(entry));
        }
        RunKind kind = codec.kind(entry, bitmap, inCluster / geometry.subclusterSize());
        long host = codec.hostOffset(entry);
        boolean owned = codec.owned(entry);
        long at = sameKindEnd(entry, bitmap, guestOffset, kind);
        while (at < end && geometry.inCluster(at) == 0) {
            index++;
            long next = slice.entry(index);
            long nextBitmap = slice.bitmap(index);
            if (codec.compressed(next)
                    || codec.defect(next, nextBitmap, at) != null
                    || codec.kind(next, nextBitmap, 0) != kind
                    || codec.owned(next) != owned
                    || !follows(host, codec.hostOffset(next), at - (guestOffset - inCluster))) {
                break;
            }
            at = sameKindEnd(next, nextBitmap, at, kind);
        }
        long hostOffset = host == Run.NOWHERE ? Run.NOWHERE : host + inCluster;
        return new Run(kind, guestOffset, Math.min(at, end) - guestOffset, hostOffset, owned, 0);
    }

    private void validate(long entry, long bitmap, long guestOffset) throws ImageException {
        String defect = codec.defect(entry, bitmap, guestOffset);
        if (defect != null) {
            throw new ImageException(
                    ErrorKind.CORRUPT,
                    defect + " (L2 offset: " + Hex.of(l1.tableOffset(geometry.l1Index(guestOffset))) + ", L2 index: "
                            + Hex.of(geometry.l2Index(guestOffset)) + ")",
                    null,
                    guestOffset,
                    null);
        }
    }

    /** End of the subclusters, from that of {@code at} to its cluster's end, that are of the same kind. */
    private long sameKindEnd(long entry, long bitmap, long at, RunKind kind) {
        int size = geometry.subclusterSize();
        long next = (at & -(long) size) + size;
        while (geometry.inCluster(next) != 0 && codec.kind(entry, bitmap, geometry.inCluster(next) / size) == kind) {
            next += size;
        }
        return next;
    }

    private static boolean follows(long host, long nextHost, long distance) {
        return host == Run.NOWHERE ? nextHost == Run.NOWHERE : nextHost == host + distance;
    }
}
