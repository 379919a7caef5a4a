package io.jimg.ops;

import io.jimg.DiskImage;
import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.Images;
import io.jimg.Job;
import io.jimg.OpenOptions;
import io.jimg.capability.Emptiable;
import io.jimg.copy.Copy;
import io.jimg.graph.FileNames;
import java.io.IOException;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Writes what an overlay holds into an image beneath it, and empties the overlay. An image beneath that is smaller
 * grows to the overlay's size; one that is larger keeps its.
 *
 * <pre>{@code
 * new Commit(Images.standard(), "overlay.qcow2", OpenOptions.DEFAULT.withGate(gate)).job().run();
 * }</pre>
 *
 * <p>The overlay is emptied only when all of it is durable beneath. A job that fails or is cancelled leaves the overlay
 * as it was and the guest's bytes in it unchanged: what it wrote beneath is what the overlay hides.
 *
 * <p>Other overlays of the image beneath become invalid, and so do the images between the overlay and the base that is
 * written: they show the new bytes of the base where they have none of their own.
 */
public final class Commit {
    private static final int SECTOR = 512;

    private final Images images;
    private final @Nullable String name;
    private final OpenOptions options;
    private @Nullable String called;
    private Consumer<DiskImage> opened = overlay -> {};
    private @Nullable String base;
    private boolean drop;
    private long rate;

    /**
     * Of an overlay that nobody has open.
     *
     * @param name the overlay's; null where {@code options} describe a tree of nodes
     * @param options how it is opened, for writing in any case; the gate must permit its backing files
     */
    public Commit(Images images, @Nullable String name, OpenOptions options) {
        this.images = images;
        this.name = name;
        this.options = options.withBacking(true).withWritable(true).withForceShare(false);
        this.called = name;
    }

    /** Who is shown the overlay when it has been opened, before anything is done with it. */
    public Commit whenOpened(Consumer<DiskImage> listener) {
        opened = listener;
        return this;
    }

    /** What complaints call the overlay, instead of its name. */
    public Commit called(String words) {
        called = words;
        return this;
    }

    /**
     * The image that is written, by a name of its own or relative to the folder of the image that it lies beneath; null
     * for the overlay's backing file. With a base the overlay is not emptied, for what lies between has no right
     * content any more.
     */
    public Commit base(@Nullable String value) {
        base = value;
        return this;
    }

    /** Whether the overlay will be thrown away, and is not emptied. */
    public Commit drop(boolean value) {
        drop = value;
        return this;
    }

    /** Bytes a second at most; 0 for no limit. */
    public Commit rate(long bytesPerSecond) {
        rate = bytesPerSecond;
        return this;
    }

    /** The commit; its result says how much was written. */
    public Job<Conversion> job() {
        return new Job<>() {
            @Override
            protected Conversion execute() throws IOException {
                int depth = depth();
                try (DiskImage overlay = openForCommit(depth)) {
                    Conversion done = copy(overlay, layer(overlay, depth), depth);
                    if (!drop && base == null) {
                        empty(overlay);
                    }
                    return done;
                }
            }

            private Conversion copy(DiskImage overlay, DiskImage target, int depth) throws IOException {
                try {
                    checkCancelled();
                    Growth.atLeast(target, overlay.size());
                    return Conversion.of(
                            copyOf(overlay, depth).run(target, false, this::checkCancelled, this::progress));
                } catch (ImageException failure) {
                    if (failure.kind() == ErrorKind.CANCELLED) {
                        throw failure;
                    }
                    throw new ImageException(
                            failure.kind(),
                            "Block job failed: " + reason(failure),
                            failure.resource(),
                            failure.offset(),
                            failure);
                }
            }
        };
    }

    // ---- opening ---------------------------------------------------------------------------------------------------

    /** How far beneath the overlay the image lies that is written. */
    private int depth() throws IOException {
        try (DiskImage overlay = open(options)) {
            if (base == null && overlay.backing() == null) {
                throw new ImageException(ErrorKind.UNSUPPORTED, "Image does not have a backing file");
            }
            if (base == null) {
                return 1;
            }
            int depth = 1;
            DiskImage above = overlay;
            for (DiskImage layer = above.backing(); layer != null; layer = layer.backing()) {
                if (isBase(above.name(), layer.name())) {
                    return depth;
                }
                above = layer;
                depth++;
            }
            throw new ImageException(
                    ErrorKind.NOT_FOUND,
                    "Did not find '" + base + "' in the backing chain of '" + (called == null ? overlay.name() : called)
                            + "'");
        }
    }

    private boolean isBase(String above, String layer) throws ImageException {
        String stated = base == null ? "" : base;
        if (stated.isEmpty() || FileNames.protocolPrefix(stated) != null || FileNames.protocolPrefix(layer) != null) {
            return stated.equals(layer);
        }
        try {
            return Path.of(FileNames.resolve(above, stated))
                    .toRealPath()
                    .equals(Path.of(layer).toRealPath());
        } catch (InvalidPathException | IOException notThere) {
            // What cannot be found is no layer that was opened.
            return false;
        }
    }

    private DiskImage open(OpenOptions how) throws IOException {
        try {
            DiskImage overlay = name == null ? images.openTree(how) : images.open(name, how);
            if (overlay.readOnly()) {
                overlay.close();
                throw new ImageException(ErrorKind.READ_ONLY, "Block node is read-only");
            }
            opened.accept(overlay);
            return overlay;
        } catch (IOException failed) {
            throw ImageException.wrap(failed).prefixed(called == null ? "" : "Could not open '" + called + "': ");
        }
    }

    private DiskImage openForCommit(int depth) throws IOException {
        OpenOptions how = options.withWritableLayer(depth);
        try {
            return name == null ? images.openTree(how) : images.open(name, how);
        } catch (ImageException failed) {
            // It opened a moment ago, so what fails is that the base is to be written.
            throw new ImageException(
                    failed.kind(), innermost(failed).getMessage(), failed.resource(), failed.offset(), failed);
        }
    }

    private static DiskImage layer(DiskImage overlay, int depth) throws ImageException {
        DiskImage layer = overlay;
        for (int i = 0; i < depth; i++) {
            layer = layer.backing();
            if (layer == null) {
                throw new ImageException(ErrorKind.CORRUPT, "The backing chain changed while it was opened");
            }
        }
        return layer;
    }

    // ---- copying ---------------------------------------------------------------------------------------------------

    private Copy copyOf(DiskImage overlay, int layers) {
        return new Copy(
                List.of(overlay),
                null,
                new Copy.Settings(
                        false,
                        0,
                        Convert.DEFAULT_PARALLEL,
                        false,
                        false,
                        rate,
                        null,
                        false,
                        layers,
                        SECTOR,
                        Long.MAX_VALUE,
                        false));
    }

    private static void empty(DiskImage overlay) throws IOException {
        Emptiable emptiable = overlay.capability(Emptiable.class)
                .orElseThrow(() -> new ImageException(
                        ErrorKind.UNSUPPORTED, "Could not empty " + overlay.name() + ": Operation not supported"));
        try {
            emptiable.empty();
        } catch (IOException failure) {
            throw ImageException.wrap(failure).prefixed("Failed to empty " + overlay.name() + ": ");
        }
    }

    /** QEMU tells the error's number alone. */
    private static String reason(ImageException failure) {
        return switch (failure.kind()) {
            case UNSUPPORTED -> "Operation not supported";
            case NO_SPACE -> "No space left on device";
            default -> innermost(failure).getMessage();
        };
    }

    private static ImageException innermost(ImageException failure) {
        ImageException innermost = failure;
        while (innermost.getCause() instanceof ImageException cause) {
            innermost = cause;
        }
        return innermost;
    }
}
