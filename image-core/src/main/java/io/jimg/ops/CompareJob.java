package io.jimg.ops;

import io.jimg.BlockDevice;
import io.jimg.Job;
import io.jimg.copy.Workers;
import io.jimg.ops.CompareWalk.Task;
import io.jimg.ops.Comparison.Outcome;
import io.jimg.spi.AlignedBuffers;
import java.io.IOException;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * The work of {@link Compare}: threads take ranges in guest order, read what must be read, and the lowest difference
 * counts.
 */
final class CompareJob extends Job<Comparison> {
    private static final int BUFFER_ALIGNMENT = 4096;
    private static final int SECTOR = 512;

    private final BlockDevice first;
    private final BlockDevice second;
    private final CompareWalk.Names names;
    private final boolean strict;
    private final int parallel;
    /** The lowest difference so far. Guarded by this, as are the failure and the progress. */
    private @Nullable Comparison difference;

    /** The failure at the lowest guest offset so far. */
    private @Nullable ComparisonException failure;

    private long compared;

    CompareJob(BlockDevice first, BlockDevice second, CompareWalk.Names names, boolean strict, int parallel) {
        this.first = first;
        this.second = second;
        this.names = names;
        this.strict = strict;
        this.parallel = parallel;
    }

    @Override
    protected Comparison execute() throws IOException {
        if (strict && first.size() != second.size()) {
            return new Comparison(Outcome.SIZE_DIFFERS, 0);
        }
        CompareWalk walk = new CompareWalk(first, second, names, strict);
        new Workers(walk::stop).run(Workers.threads(parallel), () -> work(walk));
        return result();
    }

    /** What one thread that goes from the first byte to the last would have met first. */
    private synchronized Comparison result() throws ComparisonException {
        Comparison found = difference;
        if (failure != null && (found == null || failure.guestOffset() <= found.offset())) {
            throw failure;
        }
        return found == null ? new Comparison(Outcome.IDENTICAL, 0) : found;
    }

    private void work(CompareWalk walk) throws IOException {
        try {
            compare(walk);
        } catch (ComparisonException unreadable) {
            report(unreadable);
            walk.stop();
        }
    }

    private void compare(CompareWalk walk) throws IOException {
        ByteBuffer left = AlignedBuffers.allocate(CompareWalk.LARGEST_TASK, BUFFER_ALIGNMENT);
        ByteBuffer right = AlignedBuffers.allocate(CompareWalk.LARGEST_TASK, BUFFER_ALIGNMENT);
        ByteBuffer zeroes = AlignedBuffers.allocate(CompareWalk.LARGEST_TASK, BUFFER_ALIGNMENT);
        for (Task task = walk.next(); task != null; task = walk.next()) {
            checkCancelled();
            if (task.allocationDiffers()) {
                report(new Comparison(Outcome.ALLOCATION_DIFFERS, task.guestOffset()));
                walk.stop();
                return;
            }
            int length = (int) Math.min(CompareWalk.LARGEST_TASK, task.length());
            ByteBuffer one = task.readFirst() ? read(first, left, task.guestOffset(), length) : zeroes.limit(length);
            ByteBuffer two = task.readSecond() ? read(second, right, task.guestOffset(), length) : zeroes.limit(length);
            int mismatch = task.readFirst() || task.readSecond() ? one.mismatch(two) : -1;
            if (mismatch >= 0) {
                long guestOffset = task.guestOffset() + mismatch;
                report(new Comparison(Outcome.CONTENT_DIFFERS, guestOffset - guestOffset % SECTOR));
                walk.stop();
                return;
            }
            advance(task.length());
        }
    }

    private ByteBuffer read(BlockDevice device, ByteBuffer buffer, long guestOffset, int length) throws IOException {
        try {
            device.read(buffer.clear().limit(length), guestOffset);
        } catch (IOException unreadable) {
            throw ComparisonException.ofRead(names.name(device == first), guestOffset, unreadable);
        }
        return buffer.flip();
    }

    private synchronized void report(Comparison found) {
        Comparison known = difference;
        if (known == null || found.offset() < known.offset()) {
            difference = found;
        }
    }

    private synchronized void report(ComparisonException unreadable) {
        ComparisonException known = failure;
        if (known == null || unreadable.guestOffset() < known.guestOffset()) {
            failure = unreadable;
        }
    }

    private synchronized void advance(long length) {
        compared += length;
        progress(compared, Math.max(first.size(), second.size()));
    }
}
