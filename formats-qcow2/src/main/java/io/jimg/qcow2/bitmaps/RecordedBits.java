package io.jimg.qcow2.bitmaps;

import io.jimg.capability.DirtyRuns;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.concurrent.atomic.AtomicReferenceArray;

/**
 * Bits in memory that are only ever set, by many threads at once and without a lock: pages come into being where
 * something is set, and a page whose bits are set in one request takes no memory either. A bit that is set already
 * costs two reads.
 */
final class RecordedBits implements DirtyRuns {
    private static final int PAGE_BITS = 15;
    private static final int PAGE = 1 << PAGE_BITS;
    private static final VarHandle WORDS = MethodHandles.arrayElementVarHandle(long[].class);

    /** Stands for a page all of whose bits are set. */
    private static final long[] FULL = {};

    private final long size;
    private final int granularityBits;
    private final AtomicReferenceArray<long[]> pages;

    /**
     * No bit is set.
     *
     * @param size guest bytes; at most 2^32 times the granularity
     */
    RecordedBits(long size, int granularityBits) {
        this.size = size;
        this.granularityBits = granularityBits;
        long bits = (size + granularity() - 1) >>> granularityBits;
        this.pages = new AtomicReferenceArray<>(Math.toIntExact((bits + PAGE - 1) >>> PAGE_BITS));
    }

    @Override
    public long size() {
        return size;
    }

    @Override
    public long granularity() {
        return 1L << granularityBits;
    }

    /** Sets the bits of a range that is not empty; what of it lies behind the guest's end has none. */
    void set(long guestOffset, long length) {
        long first = guestOffset >>> granularityBits;
        long last = (Math.min(size, guestOffset + length) - 1) >>> granularityBits;
        for (long at = guestOffset < size ? first : last + 1; at <= last; ) {
            int page = (int) (at >>> PAGE_BITS);
            long next = Math.min(last + 1, (page + 1L) << PAGE_BITS);
            long[] words = pages.get(page);
            if (words != FULL) {
                if (next - at == PAGE) {
                    pages.set(page, FULL);
                } else {
                    setInPage(words == null ? make(page) : words, (int) at & (PAGE - 1), (int) (next - at));
                }
            }
            at = next;
        }
    }

    private static void setInPage(long[] words, int first, int count) {
        if (words == FULL) {
            return;
        }
        int end = first + count;
        for (int at = first; at < end; ) {
            int word = at / Long.SIZE;
            int next = Math.min(end, (word + 1) * Long.SIZE);
            long mask = (-1L << at) & (-1L >>> -next);
            if (((long) WORDS.getOpaque(words, word) & mask) != mask) {
                WORDS.getAndBitwiseOr(words, word, mask);
            }
            at = next;
        }
    }

    private long[] make(int page) {
        long[] fresh = new long[PAGE / Long.SIZE];
        return pages.compareAndSet(page, null, fresh) ? fresh : pages.get(page);
    }

    @Override
    public long nextDirty(long guestOffset) {
        return next(guestOffset, true);
    }

    @Override
    public long nextClean(long guestOffset) {
        return next(guestOffset, false);
    }

    private long next(long guestOffset, boolean dirty) {
        long bits = (size + granularity() - 1) >>> granularityBits;
        for (long at = guestOffset >>> granularityBits; at < bits; ) {
            long[] words = pages.get((int) (at >>> PAGE_BITS));
            if (words == null || words == FULL) {
                if ((words == FULL) == dirty) {
                    return at(at, guestOffset);
                }
                at = (at | (PAGE - 1)) + 1;
            } else {
                long word = (long) WORDS.getOpaque(words, (int) (at & (PAGE - 1)) / Long.SIZE);
                long wanted = (dirty ? word : ~word) & (-1L << at);
                if (wanted != 0) {
                    return at((at & -Long.SIZE) + Long.numberOfTrailingZeros(wanted), guestOffset);
                }
                at = (at | (Long.SIZE - 1)) + 1;
            }
        }
        return size;
    }

    private long at(long bit, long from) {
        return Math.min(size, Math.max(from, bit << granularityBits));
    }
}
