package io.jimg.device;

import io.jimg.BlockDevice;
import io.jimg.Extent;
import io.jimg.WriteFlag;
import io.jimg.ZeroMode;
import io.jimg.spi.AlignedBuffers;
import io.jimg.spi.RangeLock;
import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * A device that keeps what it reads from beneath: bytes that the topmost layer does not hold are written to it as they
 * are read, whole units of allocation at a time.
 */
public final class CopyOnReadDevice extends ForwardingDevice {
    private static final int LARGEST_COPY = 1 << 20;

    private final RangeLock ranges = new RangeLock();
    private final int unit;

    /** Over {@code inner}, which must be open for writing and which it closes. */
    public CopyOnReadDevice(BlockDevice inner) {
        super(inner);
        this.unit = Math.max(inner.limits().zeroAlignment(), inner.limits().requestAlignment());
    }

    @Override
    public void read(ByteBuffer destination, long offset) throws IOException {
        long start = Math.max(0, offset & -unit);
        long end = Math.min(size(), (offset + destination.remaining() + unit - 1) & -unit);
        if (start < end) {
            try (RangeLock.Held held = ranges.lock(start, end - start)) {
                pullUp(start, end);
            }
        }
        super.read(destination, offset);
    }

    @Override
    public void write(ByteBuffer source, long offset, WriteFlag... flags) throws IOException {
        // A write that overtook a copy of the same bytes would be lost.
        try (RangeLock.Held held = ranges.lock(offset, source.remaining())) {
            super.write(source, offset, flags);
        }
    }

    @Override
    public void writeZeroes(long offset, long length, ZeroMode mode, WriteFlag... flags) throws IOException {
        try (RangeLock.Held held = ranges.lock(offset, length)) {
            super.writeZeroes(offset, length, mode, flags);
        }
    }

    private void pullUp(long start, long end) throws IOException {
        for (long at = start; at < end; ) {
            Extent run = extentAt(at, end - at, 1);
            if (!run.present()) {
                copy(run);
            }
            at = run.end();
        }
    }

    private void copy(Extent run) throws IOException {
        int piece = (int) Math.min(Math.max(LARGEST_COPY, unit), run.length());
        ByteBuffer buffer = AlignedBuffers.allocate(piece, limits().bufferAlignment());
        for (long at = run.guestOffset(); at < run.end(); ) {
            int length = (int) Math.min(piece, run.end() - at);
            inner().read(buffer.clear().limit(length), at);
            inner().write(buffer.flip(), at);
            at += length;
        }
    }
}
