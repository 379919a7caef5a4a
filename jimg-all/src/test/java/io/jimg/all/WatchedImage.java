package io.jimg.all;

import io.jimg.DiskImage;
import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.device.ForwardingImage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/** An image that counts what is read of it, and has sectors that cannot be read. */
final class WatchedImage extends ForwardingImage {
    final AtomicInteger readsTogether = new AtomicInteger();
    final AtomicInteger mostReadsTogether = new AtomicInteger();
    final AtomicInteger longestRead = new AtomicInteger();
    final AtomicLong bytesRead = new AtomicLong();

    private final List<Long> badSectors;

    WatchedImage(DiskImage image, Long... badSectors) {
        super(image);
        this.badSectors = List.of(badSectors);
    }

    @Override
    public void read(ByteBuffer destination, long offset) throws IOException {
        int length = destination.remaining();
        longestRead.accumulateAndGet(length, Math::max);
        bytesRead.addAndGet(length);
        mostReadsTogether.accumulateAndGet(readsTogether.incrementAndGet(), Math::max);
        try {
            for (long bad : badSectors) {
                if (offset < (bad + 1) * 512 && bad * 512 < offset + length) {
                    throw new ImageException(ErrorKind.IO, "Input/output error");
                }
            }
            super.read(destination, offset);
        } finally {
            readsTogether.decrementAndGet();
        }
    }

    @Override
    public <T> Optional<T> capability(Class<T> type) {
        return Optional.empty();
    }
}
