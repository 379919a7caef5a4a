package io.jimg.graph;

import io.jimg.DiskImage;
import io.jimg.Extent;
import io.jimg.device.ForwardingImage;
import java.io.IOException;
import java.nio.ByteBuffer;

/** An image so far down a chain that what comes to it through the layers above goes on with a {@link FreshStack}. */
final class DeepImage extends ForwardingImage {
    DeepImage(DiskImage image) {
        super(image);
    }

    @Override
    public void read(ByteBuffer destination, long offset) throws IOException {
        FreshStack.call(() -> {
            super.read(destination, offset);
            return true;
        });
    }

    @Override
    public Extent extentAt(long offset, long length, int layers) throws IOException {
        return layers <= FreshStack.LAYERS
                ? super.extentAt(offset, length, layers)
                : FreshStack.call(() -> super.extentAt(offset, length, layers));
    }

    @Override
    public void close() throws IOException {
        FreshStack.call(() -> {
            super.close();
            return true;
        });
    }
}
