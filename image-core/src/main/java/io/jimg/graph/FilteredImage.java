package io.jimg.graph;

import io.jimg.DiskImage;
import io.jimg.Extent;
import io.jimg.device.ForwardingDevice;
import io.jimg.spi.Doc;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * An image seen through a filter that stands on top of it: requests go through the filter, but where the bytes lie is
 * what the image itself says, all layers of its chain included.
 */
final class FilteredImage extends ForwardingDevice implements DiskImage {
    private final DiskImage filtered;
    private final DiskImage image;

    /**
     * A view.
     *
     * @param filtered the filter's bytes, as a raw image; closed with this
     * @param image what the filter stands on
     */
    FilteredImage(DiskImage filtered, DiskImage image) {
        super(filtered);
        this.filtered = filtered;
        this.image = image;
    }

    @Override
    public Extent extentAt(long offset, long length, int layers) throws IOException {
        return image.extentAt(offset, length, layers);
    }

    @Override
    public String format() {
        return filtered.format();
    }

    @Override
    public String name() {
        return filtered.name();
    }

    @Override
    public @Nullable DiskImage backing() {
        return filtered.backing();
    }

    @Override
    public long allocatedSize() throws IOException {
        return filtered.allocatedSize();
    }

    @Override
    public Doc formatSpecific() throws IOException {
        return filtered.formatSpecific();
    }

    @Override
    public List<Child> children() {
        return filtered.children();
    }

    @Override
    public <T> Optional<T> capability(Class<T> type) {
        return filtered.capability(type);
    }
}
