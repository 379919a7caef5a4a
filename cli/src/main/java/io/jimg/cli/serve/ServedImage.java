package io.jimg.cli.serve;

import io.jimg.BlockDevice;
import io.jimg.DiskImage;
import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.ZeroMode;
import io.jimg.cli.arguments.ImageSource.Located;
import io.jimg.cli.arguments.ThrowawayOverlay;
import io.jimg.device.KeepAllocatedDevice;
import io.jimg.device.ReadOnlyDevice;
import io.jimg.device.SubRangeDevice;
import io.jimg.device.ZeroDetectingDevice;
import java.io.IOException;

/** An open image, and the device before it that clients get. */
public final class ServedImage implements AutoCloseable {
    private final DiskImage opened;
    private final DiskImage shown;
    private final BlockDevice device;

    private ServedImage(DiskImage opened, DiskImage shown, BlockDevice device) {
        this.opened = opened;
        this.shown = shown;
        this.device = device;
    }

    /**
     * Opens an image as it is to be offered.
     *
     * @param prefix what the sentence for a failure to open it begins with, where it does not do so by itself
     */
    public static ServedImage open(Located located, ImageWishes wishes, String prefix) throws IOException {
        DiskImage opened;
        try {
            opened = wishes.throwaway()
                    ? ThrowawayOverlay.open(located.name(), located.options())
                    : located.with(located.options().withWritable(wishes.writesImage()))
                            .openBare();
        } catch (IOException failed) {
            ImageException told = ImageException.wrap(failed);
            throw told.getMessage().startsWith(prefix) ? told : told.prefixed(prefix);
        }
        DiskImage shown = opened;
        try {
            if (wishes.snapshot() != null) {
                shown = wishes.snapshot().open(opened);
            }
            return new ServedImage(opened, shown, device(shown, wishes));
        } catch (Throwable failure) {
            try (opened) {
                shown.close();
            } catch (IOException closing) {
                failure.addSuppressed(closing);
            }
            throw failure;
        }
    }

    private static BlockDevice device(DiskImage image, ImageWishes wishes) throws ImageException {
        BlockDevice device = image;
        if (wishes.offset() > image.size()) {
            throw new ImageException(
                    ErrorKind.BAD_OPTION,
                    "Offset (" + wishes.offset() + ") cannot be greater than size of the containing file ("
                            + image.size() + ")");
        }
        if (wishes.offset() > 0) {
            device = new SubRangeDevice(device, wishes.offset(), image.size() - wishes.offset());
        }
        if (wishes.readOnly()) {
            return new ReadOnlyDevice(device);
        }
        if (!wishes.discards()) {
            device = new KeepAllocatedDevice(device);
        }
        return switch (wishes.detectZeroes()) {
            case OFF -> device;
            case ON -> new ZeroDetectingDevice(device, ZeroMode.KEEP_ALLOCATED);
            case UNMAP -> new ZeroDetectingDevice(device, ZeroMode.MAY_UNMAP);
        };
    }

    /** What is asked for bitmaps: the image, or its snapshot. */
    public DiskImage image() {
        return shown;
    }

    /** What clients get; closed with the image. */
    public BlockDevice device() {
        return device;
    }

    @Override
    public void close() throws IOException {
        try (opened) {
            shown.close();
        }
    }
}
