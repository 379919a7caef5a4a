package io.jimg.qcow2.image;

import io.jimg.qcow2.allocation.Allocation;
import io.jimg.qcow2.encryption.GuestData;
import io.jimg.qcow2.mapping.EntryCodec;
import io.jimg.qcow2.mapping.Geometry;
import io.jimg.qcow2.mapping.L2Slice;
import io.jimg.qcow2.mapping.Mapper;
import io.jimg.qcow2.mapping.Run;
import io.jimg.qcow2.mapping.RunKind;
import io.jimg.spi.RangeLock;
import io.jimg.storage.StorageEvent;
import java.io.IOException;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * The way of a write. Clusters that are the image's own are overwritten in place, without lock or change of metadata.
 * Everything else is an allocating write: its clusters' guest range is locked, so that a second write to one of them
 * sees the first one's result; the data, and what surrounds it in the clusters it touches, go to their new place; then
 * the entries change. While data is written nothing but the range is locked.
 */
final class GuestWriter {
    private final WriteSide side;
    private final EntryCodec codec;
    private final Geometry geometry;
    private final Mapper mapper;
    private final GuestData data;

    GuestWriter(WriteSide side, GuestData data) {
        this.side = side;
        this.codec = side.map().codec();
        this.geometry = codec.geometry();
        this.mapper = side.map().mapper();
        this.data = data;
    }

    /** Writes the buffer. */
    void write(ByteBuffer source, long guestOffset) throws IOException {
        side.header().beforeWrite();
        int start = source.position();
        int length = source.remaining();
        for (int done = 0; done < length; ) {
            long at = guestOffset + done;
            Run run = mapper.findToWrite(at, length - done);
            ByteBuffer rest = source.slice(start + done, length - done);
            if (goesOn(run, rest.remaining())) {
                done += fillRow(rest, at);
            } else if (run.writableInPlace()) {
                writeInPlace(rest, run.hostOffset(), at, run.length());
                done += (int) run.length();
            } else {
                done += allocateAndWrite(rest, run);
            }
        }
        source.position(start + length);
    }

    private void writeInPlace(ByteBuffer source, long hostOffset, long guestOffset, long length) throws IOException {
        side.space().checkWrite(hostOffset, length);
        data.about(StorageEvent.WRITE_AIO);
        data.write(source.limit((int) length), hostOffset, guestOffset);
    }

    /** Whether what is to be written goes on behind a run, on the host too, in another run that has its place. */
    private boolean goesOn(Run run, long length) throws IOException {
        long end = Math.min(run.guestOffset() + length, side.map().cache().sliceEnd(run.guestOffset()));
        return run.end() < end && hasPlace(run) && next(run, end) != null;
    }

    /** Whether clusters, written as a whole where they hold no data yet, keep their place. */
    private boolean hasPlace(Run run) {
        return run.owned()
                && !geometry.extended()
                && (run.writableInPlace()
                        || run.kind().hasHost()
                                && geometry.inCluster(run.guestOffset()) == 0
                                && geometry.inCluster(run.end()) == 0);
    }

    /** The run behind another, if it has its place and goes on where that one ends on the host; null otherwise. */
    private @Nullable Run next(Run run, long end) throws IOException {
        if (run.end() >= end) {
            return null;
        }
        Run next = mapper.findToWrite(run.end(), end - run.end());
        return hasPlace(next) && next.hostOffset() == run.hostOffset() + run.length() ? next : null;
    }

    /**
     * Writes clusters that have their place, and of which some do not show it yet, by one request.
     *
     * @return bytes written; 0 if somebody else changed the mapping meanwhile
     */
    private int fillRow(ByteBuffer source, long from) throws IOException {
        long end = Math.min(from + source.remaining(), side.map().cache().sliceEnd(from));
        long lockFrom = geometry.clusterStart(from);
        try (RangeLock.Held held = side.ranges().lock(lockFrom, geometry.clusterCeiling(end) - lockFrom)) {
            Run first = mapper.findToWrite(from, end - from);
            if (!hasPlace(first)) {
                return 0;
            }
            side.header().beforeAllocation();
            side.tables().own(from);
            long to = first.end();
            for (Run run = next(first, end); run != null; run = next(run, end)) {
                to = run.end();
            }
            writeInPlace(source, first.hostOffset(), from, to - from);
            showData(lockFrom, to);
            return (int) (to - from);
        }
    }

    private void showData(long from, long to) throws IOException {
        side.map().cache().update(from, slice -> {
            for (long at = from; at < to; at += geometry.clusterSize()) {
                int index = side.map().cache().indexInSlice(at);
                slice.set(index, codec.dataEntry(codec.hostOffset(slice.entry(index))), 0);
            }
        });
    }

    /**
     * Writes the start of {@code source} where that needs a change of the mapping.
     *
     * @param seen what the mapping said before the range was locked
     * @return bytes written, at least one; 0 if somebody else changed the mapping meanwhile
     */
    private int allocateAndWrite(ByteBuffer source, Run seen) throws IOException {
        long at = seen.guestOffset();
        long end = Math.min(seen.end(), side.map().cache().sliceEnd(at));
        long lockFrom = geometry.clusterStart(at);
        try (RangeLock.Held held = side.ranges().lock(lockFrom, geometry.clusterCeiling(end) - lockFrom)) {
            Run run = mapper.findToWrite(at, end - at);
            if (run.writableInPlace()) {
                return 0;
            }
            side.header().beforeAllocation();
            side.tables().own(at);
            return run.kind().hasHost() && run.owned() ? fillReserved(source, run) : moveToNew(source, run);
        }
    }

    /** Data for clusters that have their place already, but do not show it yet. */
    private int fillReserved(ByteBuffer source, Run run) throws IOException {
        side.space().checkWrite(run.hostOffset(), run.length());
        Surroundings around = Surroundings.of(run, geometry.subclusterSize(), true);
        side.copier().write(source.limit((int) run.length()), around, run.hostOffset() - around.headLength(), false);
        side.map().cache().update(run.guestOffset(), slice -> {
            for (long at = geometry.clusterStart(run.guestOffset()); at < run.end(); at += geometry.clusterSize()) {
                int index = side.map().cache().indexInSlice(at);
                long host = codec.hostOffset(slice.entry(index));
                slice.set(index, codec.dataEntry(host), dataBitmap(slice.bitmap(index), around, at));
            }
        });
        return (int) run.length();
    }

    /** Data for clusters that get a new place. */
    private int moveToNew(ByteBuffer source, Run whole) throws IOException {
        long firstCluster = geometry.clusterStart(whole.guestOffset());
        int wanted = (int) ((geometry.clusterCeiling(whole.end()) - firstCluster) >>> geometry.clusterBits());
        data.about(StorageEvent.CLUSTER_ALLOC);
        Allocation place = side.space().allocate(firstCluster, wanted);
        long placeEnd = firstCluster + ((long) place.clusters() << geometry.clusterBits());
        Run run = whole.cut(placeEnd - whole.guestOffset());
        // Subclusters without a place can keep their state beside new data; whatever else the old cluster held moves
        // with it.
        boolean bare = run.kind() == RunKind.UNALLOCATED || run.kind() == RunKind.ZERO;
        Surroundings around = bare
                ? Surroundings.of(run, geometry.subclusterSize(), true)
                : Surroundings.of(run, geometry.clusterSize(), !geometry.extended());
        try {
            long host = place.hostOffset() + (around.from() - firstCluster);
            side.copier().write(source.limit((int) run.length()), around, host, place.fresh());
            side.map().cache().update(firstCluster, slice -> point(slice, firstCluster, placeEnd, place, around, bare));
        } catch (IOException | RuntimeException failure) {
            // Nothing points there yet: an update fails before it changes an entry, or not at all.
            side.space().release(place);
            throw failure;
        }
        freeOld(run, firstCluster, placeEnd);
        return (int) run.length();
    }

    private void point(
            L2Slice slice, long firstCluster, long end, Allocation place, Surroundings around, boolean bare) {
        for (long at = firstCluster; at < end; at += geometry.clusterSize()) {
            int index = side.map().cache().indexInSlice(at);
            long bitmap = dataBitmap(bare ? slice.bitmap(index) : 0, around, at);
            slice.set(index, codec.dataEntry(place.hostOffset() + (at - firstCluster)), bitmap);
        }
    }

    private void freeOld(Run run, long firstCluster, long end) {
        if (run.kind() == RunKind.COMPRESSED) {
            side.freeStream(run.hostOffset(), run.streamLimit(), false);
        } else if (run.hostOffset() != Run.NOWHERE) {
            long host = run.hostOffset() - (run.guestOffset() - firstCluster);
            side.space().free(host, (end - firstCluster) >>> geometry.clusterBits(), false);
        }
    }

    /** A cluster's bitmap with the subclusters that were written marked as data. */
    private long dataBitmap(long old, Surroundings around, long cluster) {
        if (!geometry.extended()) {
            return 0;
        }
        int size = geometry.subclusterSize();
        int first = (int) (Math.max(around.from(), cluster) - cluster) / size;
        int end = (int) (Math.min(around.to(), cluster + geometry.clusterSize()) - cluster) / size;
        long mask = EntryCodec.subclusterMask(first, end);
        return (old & ~(mask << 32)) | mask;
    }
}
