package io.jimg.cli.io;

import io.jimg.BlockDevice;
import io.jimg.DiskImage;
import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.Images;
import io.jimg.OpenOptions;
import io.jimg.all.AllFormats;
import io.jimg.device.CopyOnReadDevice;
import io.jimg.ops.Create;
import io.jimg.spi.DottedOptions;
import io.jimg.spi.ImageFormat;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The image that commands work on, as it was opened. */
final class OpenImage implements AutoCloseable {
    private final Target target;
    private final DiskImage image;
    private final BlockDevice device;
    private final @Nullable Path scratch;

    private OpenImage(Target target, DiskImage image, @Nullable Path scratch) {
        this.target = target;
        this.image = image;
        this.device = target.copyOnRead() ? new CopyOnReadDevice(image) : image;
        this.scratch = scratch;
    }

    /**
     * Opens a target.
     *
     * @throws ImageException with a sentence that does not name the target
     */
    static OpenImage open(Target target) throws IOException {
        if (target.copyOnRead() && !target.options().writable()) {
            throw new ImageException(ErrorKind.READ_ONLY, "Can't use copy-on-read on read-only device");
        }
        if (target.snapshot()) {
            return overlay(target);
        }
        return new OpenImage(target, writableIfAsked(openPlain(target), target), null);
    }

    private static DiskImage openPlain(Target target) throws IOException {
        Images images = AllFormats.images();
        return target.name() == null ? images.openTree(target.options()) : images.open(target.name(), target.options());
    }

    private static DiskImage writableIfAsked(DiskImage image, Target target) throws IOException {
        if (target.options().writable() && image.readOnly()) {
            image.close();
            throw new ImageException(ErrorKind.READ_ONLY, "Block node is read-only");
        }
        return image;
    }

    /** Opens a new image over the target, which takes what is written. */
    private static OpenImage overlay(Target target) throws IOException {
        Target base = target.with(target.options().withWritable(false));
        long size;
        String format;
        try (DiskImage image = openPlain(base)) {
            size = image.size();
            format = image.format();
        }
        Path scratch = Files.createTempFile("jimg-snapshot", ".tmp");
        try {
            String overlayFormat = overlayFormat();
            new Create(AllFormats.images(), scratch.toString())
                    .format(overlayFormat)
                    .size(size)
                    .backingFile(target.name() == null ? null : absolute(target.name()))
                    .backingFormat(target.name() == null ? null : format)
                    .unsafeBacking(true)
                    .plan()
                    .job()
                    .run();
            OpenOptions options = target.options()
                    .withFormat(overlayFormat)
                    .withDriverOptions(below(target))
                    .withWritable(true);
            return new OpenImage(target, AllFormats.images().open(scratch, options), scratch);
        } catch (Throwable failure) {
            Files.deleteIfExists(scratch);
            throw failure;
        }
    }

    /** A format whose images can lie over others. */
    private static String overlayFormat() throws ImageException {
        for (ImageFormat format : AllFormats.images().formats()) {
            if (format.createSchema().find("backing_file") != null) {
                return format.name();
            }
        }
        throw new ImageException(ErrorKind.UNSUPPORTED, "There is no format for a snapshot");
    }

    private static String absolute(String name) {
        return name.indexOf(':') >= 0 ? name : Path.of(name).toAbsolutePath().toString();
    }

    private static DottedOptions below(Target target) {
        DottedOptions below = DottedOptions.EMPTY;
        for (Map.Entry<String, String> entry :
                target.options().driverOptions().entries().entrySet()) {
            below = below.with("backing." + entry.getKey(), entry.getValue());
        }
        return below;
    }

    /** How it was opened. */
    Target target() {
        return target;
    }

    /** The image. */
    DiskImage image() {
        return image;
    }

    /** What requests go to. */
    BlockDevice device() {
        return device;
    }

    @Override
    public void close() throws IOException {
        try {
            device.close();
        } finally {
            if (scratch != null) {
                Files.deleteIfExists(scratch);
            }
        }
    }
}
