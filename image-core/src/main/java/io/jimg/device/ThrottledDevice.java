package io.jimg.device;

import io.jimg.BlockDevice;
import io.jimg.WriteFlag;
import io.jimg.ZeroMode;
import java.io.IOException;
import java.nio.ByteBuffer;

/** A device that is as slow as its group allows. Zeroes and discards count as writes, as in QEMU. */
public final class ThrottledDevice extends ForwardingDevice {
    private final ThrottleGroup group;

    /** Over {@code inner}, which it closes. */
    public ThrottledDevice(BlockDevice inner, ThrottleGroup group) {
        super(inner);
        this.group = group;
    }

    @Override
    public void read(ByteBuffer destination, long offset) throws IOException {
        group.payRead(destination.remaining());
        super.read(destination, offset);
    }

    @Override
    public void write(ByteBuffer source, long offset, WriteFlag... flags) throws IOException {
        group.payWrite(source.remaining());
        super.write(source, offset, flags);
    }

    @Override
    public void writeZeroes(long offset, long length, ZeroMode mode, WriteFlag... flags) throws IOException {
        group.payWrite(length);
        super.writeZeroes(offset, length, mode, flags);
    }

    @Override
    public void discard(long offset, long length) throws IOException {
        group.payWrite(length);
        super.discard(offset, length);
    }
}
