package io.jimg.qcow2.allocation;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Ranges of host bytes with the metadata that lies there, found quickly. Immutable. */
final class GuardedRanges {
    /** Holds nothing. */
    static final GuardedRanges NONE = new GuardedRanges(List.of());

    /**
     * A range.
     *
     * @param from its first byte
     * @param end the first byte behind it
     */
    record Range(long from, long end, MetadataSection section) {
        boolean meets(long hostOffset, long hostEnd) {
            return hostOffset < end && from < hostEnd;
        }
    }

    /** By their first bytes. */
    private final List<Range> ranges;

    /** For each, the end of the one that reaches furthest among those up to it. */
    private final long[] furthest;

    private GuardedRanges(List<Range> ranges) {
        this.ranges = ranges;
        this.furthest = new long[ranges.size()];
        long end = 0;
        for (int i = 0; i < furthest.length; i++) {
            end = Math.max(end, ranges.get(i).end());
            furthest[i] = end;
        }
    }

    /** Those ranges, and more. */
    GuardedRanges with(List<Range> more) {
        List<Range> all = new ArrayList<>(ranges);
        all.addAll(more);
        all.sort(Comparator.comparingLong(Range::from));
        return new GuardedRanges(all);
    }

    /** Those ranges without the ones that meet one; itself where there are none. */
    GuardedRanges without(long hostOffset, long hostEnd) {
        if (find(hostOffset, hostEnd, null) == null) {
            return this;
        }
        return new GuardedRanges(ranges.stream()
                .filter(range -> !range.meets(hostOffset, hostEnd))
                .toList());
    }

    /** What lies in a range of bytes, but for one sort; null for nothing. */
    @Nullable
    MetadataSection find(long hostOffset, long hostEnd, @Nullable MetadataSection ignored) {
        int low = 0;
        int high = furthest.length;
        while (low < high) {
            int middle = (low + high) >>> 1;
            if (ranges.get(middle).from() < hostEnd) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        for (int i = low - 1; i >= 0 && furthest[i] > hostOffset; i--) {
            Range range = ranges.get(i);
            if (range.end() > hostOffset && range.section() != ignored) {
                return range.section();
            }
        }
        return null;
    }
}
