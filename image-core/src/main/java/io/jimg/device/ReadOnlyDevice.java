package io.jimg.device;

import io.jimg.BlockDevice;
import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.WriteFlag;
import io.jimg.ZeroMode;
import java.io.IOException;
import java.nio.ByteBuffer;

/** A device that refuses whatever would change the one under it. */
public final class ReadOnlyDevice extends ForwardingDevice {

    /** Over {@code inner}, which it closes. */
    public ReadOnlyDevice(BlockDevice inner) {
        super(inner);
    }

    @Override
    public boolean readOnly() {
        return true;
    }

    @Override
    public void write(ByteBuffer source, long offset, WriteFlag... flags) throws IOException {
        throw refusal();
    }

    @Override
    public void writeZeroes(long offset, long length, ZeroMode mode, WriteFlag... flags) throws IOException {
        throw refusal();
    }

    @Override
    public void discard(long offset, long length) throws IOException {
        throw refusal();
    }

    private static ImageException refusal() {
        return new ImageException(ErrorKind.READ_ONLY, "The device is open for reading only");
    }
}
