package io.jimg.device;

import io.jimg.BlockDevice;
import io.jimg.Extent;
import io.jimg.Limits;
import io.jimg.spi.AbstractBlockDevice;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;

/** Several devices joined end to end, for reading. Does not close them. */
public final class ConcatenatedDevice extends AbstractBlockDevice {
    private final List<BlockDevice> parts;
    /** Where each part begins, and the end of the last. */
    private final long[] starts;

    /** The parts, in order; each of a size that stays. */
    public ConcatenatedDevice(List<? extends BlockDevice> parts) {
        super(parts.stream().mapToLong(BlockDevice::size).reduce(0, Math::addExact));
        this.parts = List.copyOf(parts);
        this.starts = new long[parts.size() + 1];
        for (int i = 0; i < parts.size(); i++) {
            starts[i + 1] = starts[i] + parts.get(i).size();
        }
    }

    @Override
    public Limits limits() {
        // Parts pad by themselves: their ends need not obey any part's alignment.
        return Limits.BYTES;
    }

    @Override
    public boolean readOnly() {
        return true;
    }

    @Override
    protected void doRead(ByteBuffer destination, long offset) throws IOException {
        long at = offset;
        while (destination.hasRemaining()) {
            int part = partAt(at);
            int length = (int) Math.min(destination.remaining(), starts[part + 1] - at);
            parts.get(part).read(destination.slice(destination.position(), length), at - starts[part]);
            destination.position(destination.position() + length);
            at += length;
        }
    }

    @Override
    protected void doWrite(ByteBuffer source, long offset) {
        throw new UnsupportedOperationException("joined devices are for reading");
    }

    @Override
    protected Extent doExtentAt(long offset, long length, int layers) throws IOException {
        int part = partAt(offset);
        return parts.get(part)
                .extentAt(offset - starts[part], Math.min(length, starts[part + 1] - offset), layers)
                .at(offset);
    }

    @Override
    protected void doFlush() {}

    @Override
    protected void doClose() {}

    /** The part that holds a byte; empty parts hold none. */
    private int partAt(long offset) {
        int low = 0;
        int high = parts.size() - 1;
        while (low < high) {
            int middle = (low + high) >>> 1;
            if (offset < starts[middle + 1]) {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        return low;
    }
}
