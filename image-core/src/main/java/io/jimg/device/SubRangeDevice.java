package io.jimg.device;

import io.jimg.BlockDevice;
import io.jimg.ErrorKind;
import io.jimg.Extent;
import io.jimg.ImageException;
import io.jimg.WriteFlag;
import io.jimg.ZeroMode;
import java.io.IOException;
import java.nio.ByteBuffer;

/** A window on another device, such as a partition. */
public final class SubRangeDevice extends ForwardingDevice {
    private final long start;
    private final long size;

    /**
     * A window over {@code inner}, which it closes.
     *
     * @param start the window's first byte in {@code inner}
     * @param size the window's bytes
     * @throws ImageException {@link ErrorKind#OUT_OF_RANGE} if the window leaves {@code inner}
     */
    public SubRangeDevice(BlockDevice inner, long start, long size) throws ImageException {
        super(inner);
        if (start < 0 || size < 0 || start > inner.size() - size) {
            throw new ImageException(
                    ErrorKind.OUT_OF_RANGE,
                    "A window of " + size + " bytes at " + start + " leaves the device of " + inner.size() + " bytes");
        }
        this.start = start;
        this.size = size;
    }

    @Override
    public long size() {
        return size;
    }

    @Override
    public void read(ByteBuffer destination, long offset) throws IOException {
        super.read(destination, inInner(offset, destination.remaining()));
    }

    @Override
    public void write(ByteBuffer source, long offset, WriteFlag... flags) throws IOException {
        super.write(source, inInner(offset, source.remaining()), flags);
    }

    @Override
    public void writeZeroes(long offset, long length, ZeroMode mode, WriteFlag... flags) throws IOException {
        super.writeZeroes(inInner(offset, length), length, mode, flags);
    }

    @Override
    public void discard(long offset, long length) throws IOException {
        super.discard(inInner(offset, length), length);
    }

    @Override
    public Extent extentAt(long offset, long length, int layers) throws IOException {
        return super.extentAt(inInner(offset, length), length, layers).at(offset);
    }

    private long inInner(long offset, long length) throws ImageException {
        if (offset < 0 || length < 0 || offset > size - length) {
            throw new ImageException(
                    ErrorKind.OUT_OF_RANGE,
                    "A request for " + length + " bytes at " + offset + " leaves the device of " + size + " bytes");
        }
        return start + offset;
    }
}
