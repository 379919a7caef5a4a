package io.jimg.capability;

import java.io.IOException;

/**
 * What a dirty bitmap says, as runs of guest bytes. A run begins and ends at a multiple of {@link #granularity()}, or
 * at the guest's end. Safe for many threads.
 *
 * <p>A walk over all dirty runs:
 *
 * <pre>{@code
 * for (long start = runs.nextDirty(0); start < runs.size(); ) {
 *     long end = runs.nextClean(start);
 *     ...
 *     start = runs.nextDirty(end);
 * }
 * }</pre>
 */
public interface DirtyRuns {

    /** Guest bytes that the bitmap covers. */
    long size();

    /** Guest bytes that one bit stands for, a power of two. */
    long granularity();

    /**
     * The first dirty byte at an offset or behind it.
     *
     * @param guestOffset from 0 to {@link #size()}
     * @return {@link #size()} where there is none
     */
    long nextDirty(long guestOffset) throws IOException;

    /**
     * The first clean byte at an offset or behind it.
     *
     * @param guestOffset from 0 to {@link #size()}
     * @return {@link #size()} where there is none
     */
    long nextClean(long guestOffset) throws IOException;
}
