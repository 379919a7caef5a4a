package io.jimg.filter;

import io.jimg.BlockDevice;
import io.jimg.DiskImage;
import io.jimg.capability.Checkable;
import io.jimg.capability.Repairable;
import io.jimg.device.ForwardingImage;
import io.jimg.spi.Doc;
import io.jimg.storage.BlockDeviceStorage;
import io.jimg.storage.Storage;
import java.util.List;
import java.util.Optional;

/**
 * A device over an image's, as an image that goes by the filter's name and can do what the image beneath can; but a
 * check is the business of the image itself.
 */
final class FilterImage extends ForwardingImage {
    private final String driver;
    private final String ownOptions;

    /**
     * An image.
     *
     * @param driver the filter's name
     * @param ownOptions its options as members of a JSON object, each followed by a comma and a blank
     * @param image the image beneath
     * @param device the device that stands on {@code image}, and that this image closes
     */
    FilterImage(String driver, String ownOptions, DiskImage image, BlockDevice device) {
        super(device, image);
        this.driver = driver;
        this.ownOptions = ownOptions;
    }

    @Override
    public String format() {
        return driver;
    }

    /** The tree of nodes as a {@code json:} name, for no other name tells of the filter. */
    @Override
    public String name() {
        return "json:{" + ownOptions + "\"driver\": \"" + driver + "\", \"file\": " + node(image()) + '}';
    }

    private static String node(DiskImage image) {
        List<Child> children = image.children();
        if (image instanceof FilterImage filter) {
            return filter.name().substring("json:".length());
        }
        if (children.isEmpty()) {
            return file(image.format(), image.name());
        }
        Storage file = children.get(0).storage();
        String inner = file instanceof BlockDeviceStorage nested && nested.device() instanceof DiskImage below
                ? node(below)
                : file(file.protocol(), file.name());
        return "{\"driver\": \"" + image.format() + "\", \"file\": " + inner + '}';
    }

    private static String file(String protocol, String name) {
        String quoted = name.replace("\\", "\\\\").replace("\"", "\\\"");
        return "{\"driver\": \"" + protocol + "\", \"filename\": \"" + quoted + "\"}";
    }

    @Override
    public Doc formatSpecific() {
        return Doc.EMPTY;
    }

    @Override
    public List<Child> children() {
        return List.of(new Child("file", new BlockDeviceStorage(image())));
    }

    @Override
    public <T> Optional<T> capability(Class<T> type) {
        return type == Checkable.class || type == Repairable.class ? Optional.empty() : super.capability(type);
    }
}
