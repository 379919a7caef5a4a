package io.jimg.device;

import io.jimg.BlockDevice;
import io.jimg.WriteFlag;
import io.jimg.ZeroMode;
import java.io.IOException;
import java.nio.ByteBuffer;

/** A device to which a request that writes nothing but zero bytes becomes a request for zeroes. */
public final class ZeroDetectingDevice extends ForwardingDevice {
    private final ZeroMode mode;

    /**
     * Over {@code inner}, which it closes.
     *
     * @param mode how the zeroes are made
     */
    public ZeroDetectingDevice(BlockDevice inner, ZeroMode mode) {
        super(inner);
        this.mode = mode;
    }

    @Override
    public void write(ByteBuffer source, long offset, WriteFlag... flags) throws IOException {
        int length = source.remaining();
        if (length > 0 && isZero(source)) {
            super.writeZeroes(offset, length, mode, flags);
            source.position(source.limit());
        } else {
            super.write(source, offset, flags);
        }
    }

    /** Whether all remaining bytes are zero; the position stays. */
    private static boolean isZero(ByteBuffer source) {
        int at = source.position();
        int end = source.limit();
        for (; at <= end - Long.BYTES; at += Long.BYTES) {
            if (source.getLong(at) != 0) {
                return false;
            }
        }
        for (; at < end; at++) {
            if (source.get(at) != 0) {
                return false;
            }
        }
        return true;
    }
}
