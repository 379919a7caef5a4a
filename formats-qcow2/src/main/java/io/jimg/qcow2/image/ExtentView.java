package io.jimg.qcow2.image;

import io.jimg.BlockDevice;
import io.jimg.Extent;
import io.jimg.qcow2.mapping.Mapper;
import io.jimg.qcow2.mapping.Run;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** Runs of the mapping as {@link Extent}s, down the chain as far as asked. */
final class ExtentView {
    private final Mapper mapper;
    private final String dataName;
    private final String fileName;
    private final @Nullable BlockDevice backing;

    /**
     * A view of one mapping.
     *
     * @param dataName name of the file that holds guest data
     * @param fileName name of the file that holds the image
     */
    ExtentView(Mapper mapper, String dataName, String fileName, @Nullable BlockDevice backing) {
        this.mapper = mapper;
        this.dataName = dataName;
        this.fileName = fileName;
        this.backing = backing;
    }

    /** The run at an offset, for {@link BlockDevice#extentAt(long, long, int)}. */
    Extent at(long offset, long length, int layers) throws IOException {
        Run run = mapper.find(offset, length);
        return switch (run.kind()) {
            case DATA -> Extent.data(offset, run.length(), run.hostOffset(), dataName);
            case COMPRESSED -> Extent.compressed(offset, run.length(), fileName);
            case ZERO -> Extent.zero(offset, run.length());
            case ZERO_RESERVED -> Extent.zeroAllocated(offset, run.length(), run.hostOffset(), dataName);
            case UNALLOCATED, UNALLOCATED_RESERVED -> beneath(offset, run.length(), layers);
        };
    }

    private Extent beneath(long offset, long length, int layers) throws IOException {
        if (backing == null) {
            return Extent.absent(offset, length, true);
        }
        long inside = Math.min(length, backing.size() - offset);
        if (inside <= 0) {
            return Extent.absent(offset, length, true);
        }
        if (layers == 1) {
            return Extent.absent(offset, inside, false);
        }
        return backing.extentAt(offset, inside, layers - 1).deeper();
    }
}
