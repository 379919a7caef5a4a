package io.jimg.device;

import io.jimg.BlockDevice;
import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.WriteFlag;
import io.jimg.ZeroMode;
import java.io.IOException;

/** A device that gives no space back: discards do nothing, and zeroes leave allocated what is. */
public final class KeepAllocatedDevice extends ForwardingDevice {

    /** Over {@code inner}, which it closes. */
    public KeepAllocatedDevice(BlockDevice inner) {
        super(inner);
    }

    @Override
    public void writeZeroes(long offset, long length, ZeroMode mode, WriteFlag... flags) throws IOException {
        super.writeZeroes(offset, length, mode == ZeroMode.MAY_UNMAP ? ZeroMode.KEEP_ALLOCATED : mode, flags);
    }

    /** Nothing but the checks. */
    @Override
    public void discard(long offset, long length) throws IOException {
        if (offset < 0 || length < 0 || offset > size() - length) {
            throw new ImageException(
                    ErrorKind.OUT_OF_RANGE,
                    "A request for " + length + " bytes at " + offset + " leaves the device of " + size() + " bytes");
        }
        super.discard(offset, 0);
    }
}
