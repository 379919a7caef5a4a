package io.jimg.qcow2.allocation;

import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.qcow2.mapping.Geometry;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.stream.LongStream;

/**
 * Knows the clusters that held metadata when the image was opened, and objects when a refcount calls one of them free:
 * in a damaged image the next allocation would overwrite it. What became metadata later is counted in memory, so it
 * needs no guard; what was given back is let go. For one thread at a time: the allocator's lock guards it.
 */
public final class MetadataGuard {
    private record Region(long from, long end, String name) {}

    private record Places(long[] sorted, BitSet released, String name) {
        /** Index of the first place in a range that is still in use; negative for none. */
        int find(long from, long end) {
            int index = Arrays.binarySearch(sorted, from);
            for (int i = index < 0 ? -index - 1 : index; i < sorted.length && sorted[i] < end; i++) {
                if (!released.get(i)) {
                    return i;
                }
            }
            return -1;
        }
    }

    private final Geometry geometry;
    private final List<Region> regions = new ArrayList<>();
    private final List<Places> places = new ArrayList<>();

    /** Guards nothing yet but the header. */
    public MetadataGuard(Geometry geometry) {
        this.geometry = geometry;
        regions.add(new Region(0, geometry.clusterSize(), "qcow2_header"));
    }

    /** Guards a range of bytes, by the name that QEMU has for it. */
    public MetadataGuard with(String name, long hostOffset, long length) {
        if (length > 0) {
            regions.add(
                    new Region(geometry.clusterStart(hostOffset), geometry.clusterCeiling(hostOffset + length), name));
        }
        return this;
    }

    /** Guards single clusters; zeroes are no places. */
    public MetadataGuard with(String name, LongStream hostOffsets) {
        places.add(new Places(hostOffsets.filter(offset -> offset != 0).sorted().toArray(), new BitSet(), name));
        return this;
    }

    /**
     * Throws where a range that is about to be taken holds metadata.
     *
     * @throws ImageException {@link ErrorKind#CORRUPT} with QEMU's sentence
     */
    void check(long hostOffset, long length) throws ImageException {
        for (Region region : regions) {
            if (hostOffset < region.end && region.from < hostOffset + length) {
                throw overlap(region.name, hostOffset);
            }
        }
        for (Places each : places) {
            if (each.find(hostOffset, hostOffset + length) >= 0) {
                throw overlap(each.name, hostOffset);
            }
        }
    }

    /** A cluster was given back in good order. */
    void released(long hostOffset) {
        regions.removeIf(region -> region.from <= hostOffset && hostOffset < region.end);
        for (Places each : places) {
            for (int i = each.find(hostOffset, hostOffset + 1); i >= 0; i = each.find(hostOffset, hostOffset + 1)) {
                each.released.set(i);
            }
        }
    }

    private static ImageException overlap(String name, long hostOffset) {
        return new ImageException(
                ErrorKind.CORRUPT,
                hostOffset == 0
                        ? "Preventing invalid allocation of data cluster at offset 0"
                        : "Preventing invalid write on metadata (overlaps with " + name + ")",
                null,
                hostOffset,
                null);
    }
}
