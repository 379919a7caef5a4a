package io.jimg.ops;

import io.jimg.BlockDevice;
import io.jimg.ErrorKind;
import io.jimg.Extent;
import io.jimg.ImageException;
import io.jimg.Job;
import java.io.IOException;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Tells where each run of an image's guest bytes lies, all layers of its chain asked.
 *
 * <pre>{@code
 * new MapExtents(image).forEach(System.out::println).run();
 * }</pre>
 */
public final class MapExtents {
    private final BlockDevice device;
    private long start;
    private long length = Long.MAX_VALUE;

    /** Of a whole device, which stays the caller's. */
    public MapExtents(BlockDevice device) {
        this.device = device;
    }

    /** From a guest offset on; at least 0. What lies past the device's end is left out. */
    public MapExtents start(long guestOffset) {
        start = guestOffset;
        return this;
    }

    /** At most so many guest bytes; greater than 0. */
    public MapExtents length(long bytes) {
        length = bytes;
        return this;
    }

    /**
     * A job that hands every run to {@code visitor} in guest order, neighbours of the same status joined, and answers
     * how many there were.
     *
     * @throws ImageException {@link ErrorKind#OUT_OF_RANGE} where a bound is negative
     */
    public Job<Long> forEach(Consumer<? super Extent> visitor) throws ImageException {
        if (start < 0 || length < 0) {
            throw new ImageException(ErrorKind.OUT_OF_RANGE, "A map cannot have a negative bound");
        }
        long from = Math.min(start, device.size());
        long end = from + Math.min(length, device.size() - from);
        return new Job<>() {
            @Override
            protected Long execute() throws IOException {
                long count = 0;
                @Nullable Extent pending = null;
                for (long at = from; at < end; ) {
                    checkCancelled();
                    Extent next = device.extentAt(at, end - at);
                    at = next.end();
                    progress(at - from, end - from);
                    if (pending != null && pending.continuedBy(next)) {
                        pending = pending.join(next);
                        continue;
                    }
                    if (pending != null) {
                        visitor.accept(pending);
                    }
                    pending = next;
                    count++;
                }
                if (pending != null) {
                    visitor.accept(pending);
                }
                return count;
            }
        };
    }
}
