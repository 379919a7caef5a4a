package io.jimg.qcow2.create;

import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.qcow2.header.HeaderLimits;
import java.io.IOException;

/**
 * Hands out clusters one after another, and puts refcount blocks among them: each where the first cluster is that it
 * counts, or right after a contiguous run that began before it. For one thread.
 */
final class AppendCursor {
    /** Bits of a host offset in L1 and L2 entries. */
    private static final int OFFSET_BITS = 56;

    private final RefcountBuilder refcounts;
    private final int clusterBits;
    private long next;

    AppendCursor(RefcountBuilder refcounts, int clusterBits) {
        this.refcounts = refcounts;
        this.clusterBits = clusterBits;
    }

    /** The first cluster that is free. */
    long position() {
        return next;
    }

    /**
     * The start of a run that {@link #take} would give: behind the refcount block that has to come first, if one has.
     */
    long upcoming() {
        return refcounts.covers(next) ? next : next + 1;
    }

    /** How many clusters at {@link #upcoming()} can follow one another without a refcount block between them. */
    long contiguous() {
        long perBlock = refcounts.clustersPerBlock();
        return perBlock - (upcoming() & (perBlock - 1));
    }

    /**
     * Takes clusters at {@link #upcoming()}.
     *
     * @param clusters no more than {@link #contiguous()}
     * @return the first
     */
    long take(long clusters) throws IOException {
        if (!refcounts.covers(next)) {
            refcounts.addBlock();
            count(1);
            refcounts.place(next - 1);
        }
        long first = next;
        count(clusters);
        return first;
    }

    /** Takes clusters that follow one another whatever their number; refcount blocks come after them. */
    long takeContiguous(long clusters) throws IOException {
        long first = next;
        count(clusters);
        placeBlocks();
        return first;
    }

    /** Gives places to the refcount blocks that have none. */
    private void placeBlocks() throws IOException {
        while (refcounts.lacksPlace()) {
            refcounts.place(next);
            count(1);
        }
    }

    private void count(long clusters) throws ImageException {
        if (next + clusters > 1L << (OFFSET_BITS - clusterBits)) {
            throw new ImageException(ErrorKind.LIMIT, "File too large");
        }
        for (long end = next + clusters; next < end; next++) {
            refcounts.add(next, 1);
        }
        if ((long) refcounts.blocks() * Long.BYTES > HeaderLimits.MAX_REFCOUNT_TABLE_BYTES) {
            throw new ImageException(ErrorKind.LIMIT, "File too large");
        }
    }
}
