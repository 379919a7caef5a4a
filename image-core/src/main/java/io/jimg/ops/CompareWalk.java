package io.jimg.ops;

import io.jimg.BlockDevice;
import io.jimg.DiskImage;
import io.jimg.Extent;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** Cuts two devices side by side into ranges to compare, by their extents, in guest order. Safe for many threads. */
final class CompareWalk {
    /** Most bytes that are read of one device for one task. */
    static final int LARGEST_TASK = 256 << 10;

    private final BlockDevice first;
    private final BlockDevice second;
    private final Names names;
    private final boolean strict;
    private final long size;
    private long guestOffset;
    private boolean stopped;
    private @Nullable Extent firstExtent;
    private @Nullable Extent secondExtent;

    /**
     * A range in which neither device changes its status.
     *
     * @param guestOffset first guest byte
     * @param length bytes; at most {@link #LARGEST_TASK} where anything is to be read
     * @param readFirst whether the first device must be read; it has zeroes otherwise, as it has past its end
     * @param readSecond the same of the second
     * @param allocationDiffers whether the allocation differs and that is of interest
     */
    record Task(long guestOffset, long length, boolean readFirst, boolean readSecond, boolean allocationDiffers) {}

    /** What complaints call the two devices. */
    record Names(String first, String second) {
        static Names of(BlockDevice first, BlockDevice second) {
            return new Names(nameOf(first), nameOf(second));
        }

        private static String nameOf(BlockDevice device) {
            return device instanceof DiskImage image ? image.name() : device.toString();
        }

        String name(boolean ofFirst) {
            return ofFirst ? first : second;
        }
    }

    CompareWalk(BlockDevice first, BlockDevice second, Names names, boolean strict) {
        this.first = first;
        this.second = second;
        this.names = names;
        this.strict = strict;
        this.size = Math.max(first.size(), second.size());
    }

    /** The next range; null at the end. */
    synchronized @Nullable Task next() throws IOException {
        if (stopped || guestOffset >= size) {
            return null;
        }
        firstExtent = at(first, firstExtent);
        secondExtent = at(second, secondExtent);
        Extent one = firstExtent;
        Extent two = secondExtent;
        long end = Math.min(one.end(), two.end());
        boolean readFirst = !one.zero();
        boolean readSecond = !two.zero();
        if (readFirst || readSecond) {
            end = Math.min(end, guestOffset + LARGEST_TASK);
        }
        Task task =
                new Task(guestOffset, end - guestOffset, readFirst, readSecond, strict && !sameAllocation(one, two));
        guestOffset = end;
        return task;
    }

    /** Nothing follows any more. */
    synchronized void stop() {
        stopped = true;
    }

    private Extent at(BlockDevice device, @Nullable Extent known) throws IOException {
        if (known != null && known.end() > guestOffset) {
            return known;
        }
        if (guestOffset >= device.size()) {
            return Extent.absent(guestOffset, size - guestOffset, true);
        }
        try {
            return device.extentAt(guestOffset, device.size() - guestOffset);
        } catch (IOException unknown) {
            throw ComparisonException.ofStatus(names.name(device == first), guestOffset, unknown);
        }
    }

    private static boolean sameAllocation(Extent one, Extent two) {
        return one.present() == two.present()
                && one.data() == two.data()
                && one.zero() == two.zero()
                && one.compressed() == two.compressed()
                && (one.hostOffset() == Extent.NO_HOST_OFFSET) == (two.hostOffset() == Extent.NO_HOST_OFFSET);
    }
}
