package io.jimg.graph;

import io.jimg.DiskImage;
import io.jimg.Extent;
import io.jimg.device.ForwardingDevice;
import io.jimg.spi.Doc;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** An image so far down a chain that what comes to it through the layers above goes on with a {@link FreshStack}. */
final class DeepImage extends ForwardingDevice implements DiskImage {
    private final DiskImage image;

    DeepImage(DiskImage image) {
        super(image);
        this.image = image;
    }

    @Override
    public void read(ByteBuffer destination, long offset) throws IOException {
        FreshStack.call(() -> {
            image.read(destination, offset);
            return true;
        });
    }

    @Override
    public Extent extentAt(long offset, long length, int layers) throws IOException {
        return layers <= FreshStack.LAYERS
                ? image.extentAt(offset, length, layers)
                : FreshStack.call(() -> image.extentAt(offset, length, layers));
    }

    @Override
    public void close() throws IOException {
        FreshStack.call(() -> {
            image.close();
            return true;
        });
    }

    @Override
    public String format() {
        return image.format();
    }

    @Override
    public String name() {
        return image.name();
    }

    @Override
    public @Nullable DiskImage backing() {
        return image.backing();
    }

    @Override
    public long allocatedSize() throws IOException {
        return image.allocatedSize();
    }

    @Override
    public Doc formatSpecific() throws IOException {
        return image.formatSpecific();
    }

    @Override
    public int clusterSize() {
        return image.clusterSize();
    }

    @Override
    public int subclusterSize() {
        return image.subclusterSize();
    }

    @Override
    public boolean encrypted() {
        return image.encrypted();
    }

    @Override
    public boolean dirty() {
        return image.dirty();
    }

    @Override
    public List<Child> children() {
        return image.children();
    }

    @Override
    public <T> Optional<T> capability(Class<T> type) {
        return image.capability(type);
    }
}
