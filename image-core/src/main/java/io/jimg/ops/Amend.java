package io.jimg.ops;

import io.jimg.DiskImage;
import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.Images;
import io.jimg.Job;
import io.jimg.Options;
import io.jimg.capability.Amendable;
import io.jimg.spi.DottedOptions;
import io.jimg.spi.ImageFormat;
import io.jimg.spi.Schema;
import java.util.Optional;

/** Changes options of an image after it was created. */
public final class Amend {
    private Amend() {}

    /**
     * The options that images of a format can be amended with.
     *
     * @throws ImageException {@link ErrorKind#UNSUPPORTED} where there are none
     */
    public static Schema schema(ImageFormat format) throws ImageException {
        Schema schema = format.amendSchema();
        if (schema.options().isEmpty()) {
            throw unsupported(format.name());
        }
        return schema;
    }

    /**
     * A change of options.
     *
     * @param image open for writing, and the caller's
     * @param force whether unsafe changes are allowed
     * @return a job as {@link Amendable#amend} describes it
     * @throws ImageException {@link ErrorKind#UNSUPPORTED} where the format has nothing to amend
     */
    public static Job<Boolean> of(DiskImage image, Options options, boolean force) throws ImageException {
        return image.capability(Amendable.class)
                .orElseThrow(() -> unsupported(image.format()))
                .amend(options, force);
    }

    /**
     * A change of options that are given as text.
     *
     * @param images where the image's format is found
     * @throws ImageException {@link ErrorKind#BAD_OPTION} for options that do not exist, or only at creation; and as
     *     above
     */
    public static Job<Boolean> of(Images images, DiskImage image, DottedOptions text, boolean force)
            throws ImageException {
        if (images.formats().stream().noneMatch(known -> known.name().equals(image.format()))) {
            // A bare protocol.
            throw unsupported(image.format());
        }
        ImageFormat format = images.format(image.format());
        Schema schema = schema(format);
        for (String name : text.entries().keySet()) {
            if (schema.find(name) == null && format.createSchema().find(name) != null) {
                throw new ImageException(
                        ErrorKind.BAD_OPTION,
                        "Invalid parameter '" + name + "'\nThis option is only supported for image creation");
            }
        }
        CreateOptions options = CreateOptions.read(schema, text);
        Optional<Amendable> amendable = image.capability(Amendable.class);
        if (amendable.isPresent()) {
            amendable.get().refuse(text.entries().keySet());
        }
        options.check();
        return of(image, options.values(), force);
    }

    private static ImageException unsupported(String format) {
        return new ImageException(
                ErrorKind.UNSUPPORTED, "Format driver '" + format + "' does not support option amendment");
    }
}
