package io.jimg.graph;

import io.jimg.DiskImage;
import io.jimg.Extent;
import io.jimg.device.ForwardingImage;
import java.io.IOException;

/**
 * An image seen through a filter that stands on top of it: requests go through the filter, but where the bytes lie is
 * what the image itself says, all layers of its chain included.
 */
final class FilteredImage extends ForwardingImage {
    private final DiskImage image;

    /**
     * A view.
     *
     * @param filtered the filter's bytes, as a raw image; closed with this
     * @param image what the filter stands on
     */
    FilteredImage(DiskImage filtered, DiskImage image) {
        super(filtered);
        this.image = image;
    }

    @Override
    public Extent extentAt(long offset, long length, int layers) throws IOException {
        return image.extentAt(offset, length, layers);
    }
}
