package io.jimg.qcow2.bitmaps;

import io.jimg.capability.DirtyRuns;
import java.io.IOException;

/**
 * What is dirty in one of two bitmaps, in the granularity of the first.
 *
 * @param granularity guest bytes that a bit of {@code stored} stands for
 */
record UnionRuns(DirtyRuns stored, DirtyRuns recorded, long granularity) implements DirtyRuns {

    UnionRuns(DirtyRuns stored, DirtyRuns recorded) {
        this(stored, recorded, stored.granularity());
    }

    @Override
    public long size() {
        return stored.size();
    }

    @Override
    public long nextDirty(long guestOffset) throws IOException {
        // A finer bit that is set behind the offset's start makes the whole granule dirty.
        long found = recorded.nextDirty(guestOffset & -granularity);
        long inFile = stored.nextDirty(guestOffset);
        return found >= size() ? inFile : Math.min(inFile, Math.max(guestOffset, found & -granularity));
    }

    @Override
    public long nextClean(long guestOffset) throws IOException {
        long at = guestOffset;
        while (at < size()) {
            at = stored.nextClean(at);
            long granuleEnd = Math.min(size(), (at & -granularity) + granularity);
            if (at >= size() || recorded.nextDirty(at & -granularity) >= granuleEnd) {
                return at;
            }
            at = granuleEnd;
        }
        return at;
    }
}
