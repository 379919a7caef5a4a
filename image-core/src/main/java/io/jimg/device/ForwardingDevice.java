package io.jimg.device;

import io.jimg.BlockDevice;
import io.jimg.Extent;
import io.jimg.Limits;
import io.jimg.WriteFlag;
import io.jimg.ZeroMode;
import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * The base of devices that stand on one other: everything goes to it, and a subclass overrides what it changes. Owns
 * the inner device: closing this one closes that one. As safe for threads as the inner device.
 */
public class ForwardingDevice implements BlockDevice {
    private final BlockDevice inner;

    /** A device over {@code inner}, which it closes. */
    protected ForwardingDevice(BlockDevice inner) {
        this.inner = inner;
    }

    /** The device that everything goes to. */
    protected final BlockDevice inner() {
        return inner;
    }

    @Override
    public long size() {
        return inner.size();
    }

    @Override
    public Limits limits() {
        return inner.limits();
    }

    @Override
    public boolean readOnly() {
        return inner.readOnly();
    }

    @Override
    public void read(ByteBuffer destination, long offset) throws IOException {
        inner.read(destination, offset);
    }

    @Override
    public void write(ByteBuffer source, long offset, WriteFlag... flags) throws IOException {
        inner.write(source, offset, flags);
    }

    @Override
    public void writeZeroes(long offset, long length, ZeroMode mode, WriteFlag... flags) throws IOException {
        inner.writeZeroes(offset, length, mode, flags);
    }

    @Override
    public void discard(long offset, long length) throws IOException {
        inner.discard(offset, length);
    }

    @Override
    public Extent extentAt(long offset, long length, int layers) throws IOException {
        return inner.extentAt(offset, length, layers);
    }

    @Override
    public void flush() throws IOException {
        inner.flush();
    }

    @Override
    public void close() throws IOException {
        inner.close();
    }

    @Override
    public String toString() {
        return inner.toString();
    }
}
