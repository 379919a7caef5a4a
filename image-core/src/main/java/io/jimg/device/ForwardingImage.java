package io.jimg.device;

import io.jimg.BlockDevice;
import io.jimg.DiskImage;
import io.jimg.spi.Doc;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The base of images that stand in front of one other: everything goes to it, and a subclass overrides what it changes.
 * Owns the device that requests go to. As safe for threads as that one.
 */
public class ForwardingImage extends ForwardingDevice implements DiskImage {
    private final DiskImage image;

    /** In front of {@code image}, which it closes. */
    protected ForwardingImage(DiskImage image) {
        this(image, image);
    }

    /**
     * In front of an image whose requests take a way round.
     *
     * @param device what requests go to, and what this closes
     * @param image what is asked for everything else
     */
    protected ForwardingImage(BlockDevice device, DiskImage image) {
        super(device);
        this.image = image;
    }

    /** The image in front of which this one stands. */
    protected final DiskImage image() {
        return image;
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
