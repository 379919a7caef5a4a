package io.jimg.qcow2.image;

import io.jimg.BlockDevice;
import io.jimg.Extent;
import io.jimg.qcow2.header.CryptMethod;
import io.jimg.qcow2.header.Header;
import io.jimg.qcow2.mapping.Mapper;
import io.jimg.qcow2.mapping.Run;
import io.jimg.storage.HostExtent;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** Runs of the mapping as {@link Extent}s, down the chain as far as asked. */
final class ExtentView {
    private final Mapper mapper;
    private final String dataName;
    private final String fileName;
    private final @Nullable BlockDevice backing;
    private final HostHoles holes;
    private final boolean encrypted;

    /** A view of one mapping. */
    ExtentView(Mapper mapper, ImageFiles files, Header header) {
        // Nobody can make use of the places that encrypted data has.
        this.encrypted = header.cryptMethod() != CryptMethod.NONE;
        this.mapper = mapper;
        this.dataName = files.dataName();
        this.fileName = files.file().name();
        this.backing = files.backing();
        this.holes = new HostHoles(files.file(), header, !files.externalData());
    }

    /** The run at an offset, for {@link BlockDevice#extentAt(long, long, int)}. */
    Extent at(long offset, long length, int layers) throws IOException {
        Run run = mapper.find(offset, length);
        return switch (run.kind()) {
            case DATA -> data(offset, run);
            case COMPRESSED -> Extent.compressed(offset, run.length(), fileName);
            case ZERO -> Extent.zero(offset, run.length());
            case ZERO_RESERVED ->
                encrypted
                        ? Extent.zero(offset, run.length())
                        : Extent.zeroAllocated(offset, run.length(), run.hostOffset(), dataName);
            case UNALLOCATED, UNALLOCATED_RESERVED -> beneath(offset, run, layers);
        };
    }

    private Extent data(long offset, Run run) throws IOException {
        if (encrypted) {
            return Extent.opaque(offset, run.length());
        }
        HostExtent host = holes.at(run.hostOffset(), run.length());
        return new Extent(offset, host.length(), true, true, host.hole(), false, 0, run.hostOffset(), dataName);
    }

    private Extent beneath(long offset, Run run, int layers) throws IOException {
        long length = run.length();
        long inside = backing == null ? 0 : Math.min(length, backing.size() - offset);
        if (backing == null || inside <= 0) {
            boolean told = !encrypted && run.hostOffset() != Run.NOWHERE;
            // Subclusters that were never written have a place in their cluster, and QEMU tells it.
            return new Extent(
                    offset,
                    length,
                    false,
                    false,
                    true,
                    false,
                    0,
                    told ? run.hostOffset() : Extent.NO_HOST_OFFSET,
                    told ? dataName : null);
        }
        if (layers == 1) {
            return Extent.absent(offset, inside, false);
        }
        return backing.extentAt(offset, inside, layers - 1).deeper();
    }
}
