package io.jimg.filter;

import io.jimg.DiskImage;
import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.OpenOptions;
import io.jimg.Option;
import io.jimg.OptionType;
import io.jimg.Options;
import io.jimg.device.ThrottleGroup;
import io.jimg.device.ThrottledDevice;
import io.jimg.spi.Schema;

/** The driver {@code throttle}: as slow as a group of images is allowed to be. */
final class ThrottleFilter implements ImageFilter {
    private static final Option<String> GROUP =
            Option.of("throttle-group", OptionType.STRING, "Name of the throttle group");

    @Override
    public String name() {
        return "throttle";
    }

    @Override
    public Schema schema() {
        return Schema.of(GROUP);
    }

    @Override
    public DiskImage open(DiskImage inner, Options options, OpenOptions caller) throws ImageException {
        String id = options.get(GROUP);
        if (id == null) {
            throw new ImageException(ErrorKind.BAD_OPTION, "Please specify a throttle group");
        }
        ThrottleGroup group = caller.throttleGroups().find(id);
        if (group == null) {
            throw new ImageException(ErrorKind.BAD_OPTION, "Throttle group '" + id + "' does not exist");
        }
        return new FilterImage(
                name(), "\"throttle-group\": \"" + id + "\", ", inner, new ThrottledDevice(inner, group));
    }
}
