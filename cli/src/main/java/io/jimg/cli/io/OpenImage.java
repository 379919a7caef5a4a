package io.jimg.cli.io;

import io.jimg.BlockDevice;
import io.jimg.DiskImage;
import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.Images;
import io.jimg.all.AllFormats;
import io.jimg.cli.arguments.ThrowawayOverlay;
import io.jimg.device.CopyOnReadDevice;
import java.io.IOException;

/** The image that commands work on, as it was opened. */
final class OpenImage implements AutoCloseable {
    private final Target target;
    private final DiskImage image;
    private final BlockDevice device;

    private OpenImage(Target target, DiskImage image) {
        this.target = target;
        this.image = image;
        this.device = target.copyOnRead() ? new CopyOnReadDevice(image) : image;
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
        return new OpenImage(
                target,
                target.snapshot()
                        ? ThrowawayOverlay.open(target.name(), target.options())
                        : writableIfAsked(openPlain(target), target));
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
        device.close();
    }
}
