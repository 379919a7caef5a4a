package io.jimg.qcow2.image;

import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.capability.VmState;
import io.jimg.qcow2.header.Header;
import io.jimg.qcow2.header.HeaderLimits;
import io.jimg.qcow2.mapping.Geometry;
import io.jimg.qcow2.resize.L1Growth;
import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * The state of a machine: guest data behind what the disk's L1 entries describe (specification: "Snapshots"). A
 * snapshot that is created takes it along.
 */
final class MachineState implements VmState {
    private final Qcow2Image image;

    MachineState(Qcow2Image image) {
        this.image = image;
    }

    @Override
    public long offset() {
        return image.header().l1EntriesNeeded() * geometry().tableCoverage();
    }

    private Geometry geometry() {
        Header header = image.header();
        return new Geometry(header.clusterBits(), header.extendedL2(), header.refcountOrder());
    }

    @Override
    public void read(ByteBuffer destination, long position) throws IOException {
        image.readState(destination, offset() + position);
    }

    @Override
    public void write(ByteBuffer source, long position) throws IOException {
        long end = offset() + position + source.remaining();
        long entries = geometry().l1Index(end - 1) + 1;
        if (end < 0 || entries > HeaderLimits.MAX_L1_BYTES / Long.BYTES) {
            throw new ImageException(
                    ErrorKind.LIMIT,
                    "The L1 table has no place for it: File too large",
                    image.name(),
                    ImageException.NO_OFFSET,
                    null);
        }
        if (entries > image.header().l1Size()) {
            image.exclusively(new L1Growth((int) entries));
        }
        image.writeState(source, offset() + position);
    }
}
