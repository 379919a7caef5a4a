package io.jimg.qcow2.check;

import io.jimg.ImageException;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A set of host clusters: a bit a cluster in pages that exist where something was set. Not safe for threads. */
final class ClusterFlags {
    private static final int PAGE_BITS = 15;
    private static final int PAGE = 1 << PAGE_BITS;
    private static final int OVERHEAD = 64;

    private final Map<Long, long[]> pages = new HashMap<>();
    private final MemoryBudget budget;
    private long lastNumber = -1;
    private long @Nullable [] last;

    ClusterFlags(MemoryBudget budget) {
        this.budget = budget;
    }

    /** Adds a cluster. */
    void set(long cluster) throws ImageException {
        long number = cluster >>> PAGE_BITS;
        long[] page = page(number);
        if (page == null) {
            budget.reserve(PAGE / Byte.SIZE + OVERHEAD);
            page = new long[PAGE / Long.SIZE];
            pages.put(number, page);
            lastNumber = number;
            last = page;
        }
        page[(int) (cluster & (PAGE - 1)) >>> 6] |= 1L << cluster;
    }

    /** Whether a cluster was added. */
    boolean get(long cluster) {
        long[] page = page(cluster >>> PAGE_BITS);
        return page != null && (page[(int) (cluster & (PAGE - 1)) >>> 6] & (1L << cluster)) != 0;
    }

    private long @Nullable [] page(long number) {
        if (number == lastNumber) {
            return last;
        }
        long[] page = pages.get(number);
        if (page != null) {
            lastNumber = number;
            last = page;
        }
        return page;
    }
}
