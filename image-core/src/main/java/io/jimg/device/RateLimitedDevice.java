package io.jimg.device;

import io.jimg.BlockDevice;
import io.jimg.WriteFlag;
import java.io.IOException;
import java.nio.ByteBuffer;

/** A device whose reads and writes together move no more than so many bytes a second. Zeroes and discards are free. */
public final class RateLimitedDevice extends ForwardingDevice {
    private final TokenBucket bucket;

    /**
     * Over {@code inner}, which it closes.
     *
     * @param bytesPerSecond greater than zero
     */
    public RateLimitedDevice(BlockDevice inner, long bytesPerSecond) {
        super(inner);
        this.bucket = new TokenBucket(bytesPerSecond);
    }

    @Override
    public void read(ByteBuffer destination, long offset) throws IOException {
        bucket.pay(destination.remaining());
        super.read(destination, offset);
    }

    @Override
    public void write(ByteBuffer source, long offset, WriteFlag... flags) throws IOException {
        bucket.pay(source.remaining());
        super.write(source, offset, flags);
    }
}
