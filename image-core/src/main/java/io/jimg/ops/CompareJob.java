package io.jimg.ops;

import io.jimg.BlockDevice;
import io.jimg.Extent;
import io.jimg.Job;
import io.jimg.ops.Comparison.Outcome;
import io.jimg.spi.AlignedBuffers;
import java.io.IOException;
import java.nio.ByteBuffer;

/** The work of {@link Compare}. */
final class CompareJob extends Job<Comparison> {
    private static final int CHUNK = 256 << 10;
    private static final int SECTOR = 512;

    private final BlockDevice first;
    private final BlockDevice second;
    private final boolean strict;

    CompareJob(BlockDevice first, BlockDevice second, boolean strict) {
        this.first = first;
        this.second = second;
        this.strict = strict;
    }

    @Override
    protected Comparison execute() throws IOException {
        if (strict && first.size() != second.size()) {
            return new Comparison(Outcome.SIZE_DIFFERS, 0);
        }
        ByteBuffer left = AlignedBuffers.allocate(CHUNK, 4096);
        ByteBuffer right = AlignedBuffers.allocate(CHUNK, 4096);
        long common = Math.min(first.size(), second.size());
        long total = Math.max(first.size(), second.size());
        for (long at = 0; at < common; ) {
            checkCancelled();
            Extent one = first.extentAt(at, common - at);
            Extent two = second.extentAt(at, one.length());
            one = one.cut(two.length());
            if (strict && (one.present() != two.present() || one.data() != two.data() || one.zero() != two.zero())) {
                return new Comparison(Outcome.ALLOCATION_DIFFERS, at);
            }
            if (!(one.zero() && two.zero())) {
                for (long from = at; from < one.end(); ) {
                    int length = (int) Math.min(CHUNK, one.end() - from);
                    left.clear().limit(length);
                    right.clear().limit(length);
                    first.read(left, from);
                    second.read(right, from);
                    int mismatch = left.flip().mismatch(right.flip());
                    if (mismatch >= 0) {
                        return new Comparison(Outcome.CONTENT_DIFFERS, (from + mismatch) / SECTOR * SECTOR);
                    }
                    from += length;
                    progress(from, total);
                }
            }
            at = one.end();
            progress(at, total);
        }
        return new Comparison(Outcome.IDENTICAL, 0);
    }
}
