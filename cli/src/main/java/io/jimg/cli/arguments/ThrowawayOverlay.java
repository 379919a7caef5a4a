package io.jimg.cli.arguments;

import io.jimg.DiskImage;
import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.Images;
import io.jimg.OpenOptions;
import io.jimg.all.AllFormats;
import io.jimg.device.ForwardingImage;
import io.jimg.ops.Create;
import io.jimg.spi.DottedOptions;
import io.jimg.spi.ImageFormat;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A new image over another: it takes what is written, and is gone once it is closed or the process has ended. */
public final class ThrowawayOverlay extends ForwardingImage {
    private final Path scratch;

    private ThrowawayOverlay(DiskImage overlay, Path scratch) {
        super(overlay);
        this.scratch = scratch;
    }

    /**
     * Opens one.
     *
     * @param name the image beneath, which is opened read-only; null where the options describe a tree
     * @param options how the image beneath would be opened without an overlay
     * @throws ImageException with a sentence that does not name the image
     */
    public static DiskImage open(@Nullable String name, OpenOptions options) throws IOException {
        Images images = AllFormats.images();
        OpenOptions reading = options.withWritable(false);
        long size;
        String format;
        try (DiskImage image = name == null ? images.openTree(reading) : images.open(name, reading)) {
            size = image.size();
            format = image.format();
        }
        Path scratch = scratchFile();
        try {
            String overlayFormat = overlayFormat(images);
            new Create(images, scratch.toString())
                    .format(overlayFormat)
                    .size(size)
                    .backingFile(name == null ? null : absolute(name))
                    .backingFormat(name == null ? null : format)
                    .unsafeBacking(true)
                    .plan()
                    .job()
                    .run();
            OpenOptions own = options.withFormat(overlayFormat)
                    .withDriverOptions(below(options))
                    .withWritable(true);
            DiskImage overlay = images.open(scratch, own);
            removeEarly(scratch);
            return new ThrowawayOverlay(overlay, scratch);
        } catch (Throwable failure) {
            Files.deleteIfExists(scratch);
            throw failure;
        }
    }

    private static Path scratchFile() throws IOException {
        String folder = System.getenv("TMPDIR");
        return folder == null || folder.isEmpty()
                ? Files.createTempFile("jimg-snapshot", ".tmp")
                : Files.createTempFile(Path.of(folder), "jimg-snapshot", ".tmp");
    }

    /** A file without a name lives as long as it is open, and so does not outlive a process that is killed. */
    private static void removeEarly(Path scratch) {
        try {
            Files.delete(scratch);
        } catch (IOException inUse) {
            // Some systems keep the name of an open file: there it goes when the image is closed.
        }
    }

    /** A format whose images can lie over others. */
    private static String overlayFormat(Images images) throws ImageException {
        for (ImageFormat format : images.formats()) {
            if (format.createSchema().find("backing_file") != null) {
                return format.name();
            }
        }
        throw new ImageException(ErrorKind.UNSUPPORTED, "There is no format for a snapshot");
    }

    private static String absolute(String name) {
        return name.indexOf(':') >= 0 ? name : Path.of(name).toAbsolutePath().toString();
    }

    private static DottedOptions below(OpenOptions options) {
        DottedOptions below = DottedOptions.EMPTY;
        for (Map.Entry<String, String> entry : options.driverOptions().entries().entrySet()) {
            below = below.with("backing." + entry.getKey(), entry.getValue());
        }
        return below;
    }

    @Override
    public void close() throws IOException {
        try {
            super.close();
        } finally {
            Files.deleteIfExists(scratch);
        }
    }
}
