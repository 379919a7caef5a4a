package io.jimg.qcow2.check;

import io.jimg.ImageException;
import java.io.IOException;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * How often each host cluster is referred to: a byte a cluster in pages that exist where something was counted, and
 * that widen where a byte is too narrow. A dense image of 1 TiB with clusters of 64 KiB takes 16 MiB. Not safe for
 * threads.
 */
final class ClusterCounts {
    /** Takes one count. */
    @FunctionalInterface
    interface CountVisitor {
        /** A cluster and its count, which is greater than zero. */
        void visit(long cluster, long count) throws IOException;
    }

    /** Binary logarithm of {@link #PAGE}. */
    static final int PAGE_BITS = 12;

    /** Clusters of a page. */
    static final int PAGE = 1 << PAGE_BITS;

    private static final int OVERHEAD = 96;

    private final Map<Long, Page> pages = new HashMap<>();
    private final MemoryBudget budget;
    private final long maximum;
    private long lastNumber = -1;
    private @Nullable Page last;

    /**
     * All counts zero.
     *
     * @param maximum where a count stops, positive
     */
    ClusterCounts(MemoryBudget budget, long maximum) {
        this.budget = budget;
        this.maximum = maximum;
    }

    /**
     * Counts references.
     *
     * @param times how many; less than zero takes back what was counted
     * @return how many did not fit below the maximum
     */
    long add(long cluster, long times) throws ImageException {
        Page page = page(cluster >>> PAGE_BITS);
        int index = (int) cluster & (PAGE - 1);
        long before = page.get(index);
        long after = times > maximum - before ? maximum : before + times;
        page.set(index, after, budget);
        return times - (after - before);
    }

    /** A cluster's count. */
    long get(long cluster) {
        Page page = existing(cluster >>> PAGE_BITS);
        return page == null ? 0 : page.get((int) cluster & (PAGE - 1));
    }

    /** Whether no cluster of a page was ever counted. */
    boolean absent(long pageNumber) {
        return existing(pageNumber) == null;
    }

    /** Numbers of the pages that exist, ascending. */
    long[] pageNumbers() {
        long[] numbers = new long[pages.size()];
        int count = 0;
        for (long number : pages.keySet()) {
            numbers[count++] = number;
        }
        Arrays.sort(numbers);
        return numbers;
    }

    /** Takes each cluster that was counted, ascending. */
    void each(CountVisitor visitor) throws IOException {
        for (long number : pageNumbers()) {
            Page page = pages.get(number);
            for (int i = 0; page != null && i < PAGE; i++) {
                long count = page.get(i);
                if (count != 0) {
                    visitor.visit((number << PAGE_BITS) + i, count);
                }
            }
        }
    }

    private @Nullable Page existing(long number) {
        if (number == lastNumber) {
            return last;
        }
        Page page = pages.get(number);
        if (page != null) {
            lastNumber = number;
            last = page;
        }
        return page;
    }

    private Page page(long number) throws ImageException {
        Page page = existing(number);
        if (page == null) {
            budget.reserve(PAGE + OVERHEAD);
            page = new Page();
            pages.put(number, page);
            lastNumber = number;
            last = page;
        }
        return page;
    }

    /** One page in the narrowest of three forms; exactly one of the arrays is there. */
    private static final class Page {
        private byte @Nullable [] bytes = new byte[PAGE];
        private short @Nullable [] shorts;
        private long @Nullable [] longs;

        long get(int index) {
            byte[] narrow = bytes;
            if (narrow != null) {
                return narrow[index] & 0xFF;
            }
            short[] middle = shorts;
            if (middle != null) {
                return middle[index] & 0xFFFF;
            }
            long[] wide = longs;
            return wide == null ? 0 : wide[index];
        }

        void set(int index, long value, MemoryBudget budget) throws ImageException {
            byte[] narrow = bytes;
            if (narrow != null) {
                if (value <= 0xFF) {
                    narrow[index] = (byte) value;
                    return;
                }
                widen(value, budget);
            }
            short[] middle = shorts;
            if (middle != null) {
                if (value <= 0xFFFF) {
                    middle[index] = (short) value;
                    return;
                }
                widen(value, budget);
            }
            long[] wide = longs;
            if (wide != null) {
                wide[index] = value;
            }
        }

        private void widen(long value, MemoryBudget budget) throws ImageException {
            if (value <= 0xFFFF) {
                budget.reserve(PAGE);
                short[] wider = new short[PAGE];
                for (int i = 0; i < PAGE; i++) {
                    wider[i] = (short) get(i);
                }
                shorts = wider;
            } else {
                budget.reserve((long) PAGE * (Long.BYTES - (bytes == null ? Short.BYTES : 1)));
                long[] wider = new long[PAGE];
                for (int i = 0; i < PAGE; i++) {
                    wider[i] = get(i);
                }
                longs = wider;
                shorts = null;
            }
            bytes = null;
        }
    }
}
