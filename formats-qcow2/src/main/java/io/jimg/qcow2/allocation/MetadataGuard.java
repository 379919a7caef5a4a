package io.jimg.qcow2.allocation;

import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.qcow2.mapping.Geometry;
import java.util.Collection;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;

/**
 * Knows where an open image's metadata lies, and objects to writes that would overwrite it: in a damaged image a
 * refcount may call its clusters free, or an entry of the mapping take them for the guest's. Asked by many threads
 * without a lock; changed by one thread at a time, under the allocator's lock.
 */
public final class MetadataGuard {
    private static final Set<MetadataSection> SINGLE_CLUSTERS =
            Set.of(MetadataSection.ACTIVE_L2, MetadataSection.REFCOUNT_BLOCK, MetadataSection.INACTIVE_L2);

    private final Geometry geometry;
    private final Set<MetadataSection> guarded;
    private final Map<MetadataSection, ClusterSet> clusters = new EnumMap<>(MetadataSection.class);
    private volatile GuardedRanges ranges = GuardedRanges.NONE;

    /**
     * Guards nothing yet but the header.
     *
     * @param guarded what shall be guarded; what else is made known is not kept in mind
     */
    public MetadataGuard(Geometry geometry, Set<MetadataSection> guarded) {
        this.geometry = geometry;
        this.guarded = Set.copyOf(guarded);
        for (MetadataSection section : SINGLE_CLUSTERS) {
            if (guarded.contains(section)) {
                clusters.put(section, new ClusterSet());
            }
        }
        with(MetadataSection.MAIN_HEADER, 0, 1);
    }

    /** Whether a sort of metadata is guarded. */
    public boolean guards(MetadataSection section) {
        return guarded.contains(section);
    }

    /**
     * A table that is to be guarded.
     *
     * @param hostOffset its first byte
     * @param length bytes; 0 for none
     */
    public record Place(long hostOffset, long length) {}

    /** Guards a table, and the rest of its clusters. */
    public MetadataGuard with(MetadataSection section, long hostOffset, long length) {
        return with(section, List.of(new Place(hostOffset, length)));
    }

    /** Guards tables. */
    public MetadataGuard with(MetadataSection section, Collection<Place> places) {
        if (guarded.contains(section)) {
            ranges = ranges.with(places.stream()
                    .filter(place -> place.length() > 0)
                    .map(place -> new GuardedRanges.Range(
                            geometry.clusterStart(place.hostOffset()),
                            geometry.clusterCeiling(place.hostOffset() + place.length()),
                            section))
                    .toList());
        }
        return this;
    }

    /** Guards tables of one cluster each; zeroes are no places. */
    public MetadataGuard with(MetadataSection section, LongStream hostOffsets) {
        ClusterSet set = clusters.get(section);
        if (set != null) {
            set.addAll(hostOffsets.map(hostOffset -> hostOffset >>> geometry.clusterBits()));
        }
        return this;
    }

    /**
     * Throws where a range that is about to be taken holds metadata.
     *
     * @throws ImageException {@link ErrorKind#CORRUPT} with QEMU's sentence
     */
    void checkAllocation(long hostOffset, long length, ClusterUse use) throws ImageException {
        if (hostOffset == 0) {
            throw use == ClusterUse.OTHER
                    ? overlap(MetadataSection.MAIN_HEADER, hostOffset)
                    : damage("Preventing invalid allocation of " + use.phrase() + " at offset 0", hostOffset);
        }
        checkWrite(hostOffset, length, null);
    }

    /**
     * Throws where a range that is about to be written holds metadata.
     *
     * @param ignored what is written itself; null for guest data
     * @throws ImageException {@link ErrorKind#CORRUPT} with QEMU's sentence
     */
    void checkWrite(long hostOffset, long length, @Nullable MetadataSection ignored) throws ImageException {
        MetadataSection met = find(hostOffset, length, ignored);
        if (met != null) {
            throw overlap(met, hostOffset);
        }
    }

    /** Whether metadata lies in a range. */
    boolean holds(long hostOffset, long length) {
        return find(hostOffset, length, null) != null;
    }

    private @Nullable MetadataSection find(long hostOffset, long length, @Nullable MetadataSection ignored) {
        MetadataSection met = ranges.find(hostOffset, hostOffset + length, ignored);
        if (met != null) {
            return met;
        }
        long first = hostOffset >>> geometry.clusterBits();
        long end = geometry.clusters(hostOffset + length);
        for (Map.Entry<MetadataSection, ClusterSet> each : clusters.entrySet()) {
            if (each.getKey() != ignored && each.getValue().containsAny(first, end)) {
                return each.getKey();
            }
        }
        return null;
    }

    /** A table of one cluster moved. */
    void moved(MetadataSection section, long from, long to) {
        ClusterSet set = clusters.get(section);
        if (set != null) {
            set.remove(from >>> geometry.clusterBits());
            set.add(to >>> geometry.clusterBits());
        }
    }

    /** A cluster was given back in good order. */
    void released(long hostOffset) {
        ranges = ranges.without(hostOffset, hostOffset + geometry.clusterSize());
        for (ClusterSet each : clusters.values()) {
            each.remove(hostOffset >>> geometry.clusterBits());
        }
    }

    private static ImageException overlap(MetadataSection met, long hostOffset) {
        return damage("Preventing invalid write on metadata (overlaps with " + met.phrase() + ")", hostOffset);
    }

    private static ImageException damage(String sentence, long hostOffset) {
        return new ImageException(ErrorKind.CORRUPT, sentence, null, hostOffset, null);
    }
}
