package io.jimg.filter;

import io.jimg.DiskImage;
import io.jimg.OpenOptions;
import io.jimg.Options;
import io.jimg.spi.Schema;
import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The driver of an image that stands on one other, its child {@code file}, and changes what is done with it. */
public interface ImageFilter {
    /** Those that there are. */
    List<ImageFilter> ALL = List.of(new ThrottleFilter(), new CopyOnReadFilter(), new CompressFilter());

    /** The driver of that name; null where there is none. */
    static @Nullable ImageFilter find(String name) {
        for (ImageFilter filter : ALL) {
            if (filter.name().equals(name)) {
                return filter;
            }
        }
        return null;
    }

    /** The name, such as {@code throttle}. */
    String name();

    /** The driver's options, without those of the child. */
    Schema schema();

    /**
     * Puts the filter over an image.
     *
     * @param inner the image beneath, which the result closes; where this throws, the caller does
     * @param options the driver's options
     * @param caller how the caller opens images
     */
    DiskImage open(DiskImage inner, Options options, OpenOptions caller) throws IOException;
}
