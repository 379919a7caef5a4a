package io.jimg.vmm.nbd;

import io.jimg.BlockDevice;
import io.jimg.Extent;
import io.jimg.capability.DirtyRuns;
import io.jimg.nbd.StatusExtent;
import io.jimg.nbd.wire.Transmission;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/**
 * A context of metadata of an export.
 *
 * @param name such as {@code base:allocation}
 * @param source what it is told from
 */
record MetadataContext(String name, Source source) {

    /** Tells the status of the run at an offset, which is never longer than asked for. */
    @FunctionalInterface
    interface Source {
        StatusExtent at(long offset, long length) throws IOException;
    }

    /** Those that an export has, in the order in which they are listed. */
    static List<MetadataContext> of(NbdExport export) {
        BlockDevice device = export.device();
        List<MetadataContext> contexts = new ArrayList<>();
        contexts.add(new MetadataContext(
                Transmission.BASE_ALLOCATION, (offset, length) -> allocation(device, offset, length)));
        if (export.allocationDepth()) {
            contexts.add(new MetadataContext(
                    Transmission.ALLOCATION_DEPTH, (offset, length) -> depth(device, offset, length)));
        }
        for (NbdExport.NamedBitmap bitmap : export.bitmaps()) {
            contexts.add(new MetadataContext(
                    Transmission.DIRTY_BITMAP_PREFIX + bitmap.name(),
                    (offset, length) -> dirty(bitmap.runs(), offset, length)));
        }
        return contexts;
    }

    private static StatusExtent allocation(BlockDevice device, long offset, long length) throws IOException {
        Extent extent = device.extentAt(offset, length);
        int status = (extent.data() ? 0 : Transmission.STATE_HOLE) | (extent.zero() ? Transmission.STATE_ZERO : 0);
        return new StatusExtent(extent.length(), status);
    }

    private static StatusExtent depth(BlockDevice device, long offset, long length) throws IOException {
        Extent extent = device.extentAt(offset, length);
        return new StatusExtent(extent.length(), extent.present() ? extent.depth() + 1 : 0);
    }

    private static StatusExtent dirty(DirtyRuns runs, long offset, long length) throws IOException {
        long size = runs.size();
        if (offset >= size) {
            return new StatusExtent(length, 0);
        }
        long dirty = runs.nextDirty(offset);
        long end = dirty > offset ? dirty : runs.nextClean(offset);
        return new StatusExtent(Math.min(length, Math.max(1, end - offset)), dirty > offset ? 0 : 1);
    }

    /**
     * The runs of a range, neighbours of the same status joined.
     *
     * @param most how many extents there may be; the range is cut after them
     */
    List<StatusExtent> extents(long offset, long length, int most) throws IOException {
        List<StatusExtent> extents = new ArrayList<>();
        long at = 0;
        while (at < length) {
            StatusExtent next = source.at(offset + at, length - at);
            int last = extents.size() - 1;
            if (last >= 0 && extents.get(last).status() == next.status()) {
                extents.set(last, new StatusExtent(extents.get(last).length() + next.length(), next.status()));
            } else if (extents.size() == most) {
                break;
            } else {
                extents.add(next);
            }
            at += next.length();
        }
        return extents;
    }
}
