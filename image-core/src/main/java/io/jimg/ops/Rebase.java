package io.jimg.ops;

import io.jimg.CacheMode;
import io.jimg.DiskImage;
import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.Images;
import io.jimg.Job;
import io.jimg.OpenOptions;
import io.jimg.capability.CompressedWrite;
import io.jimg.capability.Rebasable;
import io.jimg.copy.Copy;
import io.jimg.graph.FileNames;
import io.jimg.spi.DottedOptions;
import java.io.IOException;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Puts an overlay on another backing file, or on none. The guest's bytes stay as they are: what the old chain and the
 * new one show differently is written into the overlay first, and is durable there before the name changes.
 *
 * <pre>{@code
 * new Rebase(Images.standard(), "overlay.qcow2", OpenOptions.DEFAULT.withGate(gate))
 *         .onto("other.qcow2", "qcow2").job().run();
 * }</pre>
 *
 * <p>A job that fails or is cancelled leaves the overlay on its old backing file with the same content, perhaps with
 * clusters of its own more than before. So does a power loss, unless the name has changed already.
 */
public final class Rebase {
    /** What QEMU reads and nobody may read here: an overlay may be told so, as long as nothing of it is looked at. */
    private static final Set<String> FOREIGN_FORMATS =
            Set.of("bochs", "cloop", "dmg", "parallels", "qcow", "qed", "vdi", "vhdx", "vpc", "vvfat");

    private final Images images;
    private final @Nullable String name;
    private final OpenOptions options;
    private @Nullable String called;
    private Consumer<DiskImage> opened = overlay -> {};
    private String stated = "(null)";
    private @Nullable String backing;
    private @Nullable String format;
    private CacheMode backingCache = CacheMode.WRITEBACK;
    private boolean unsafe;
    private boolean compress;

    /**
     * Of an overlay that nobody has open.
     *
     * @param name the overlay's; null where {@code options} describe a tree of nodes
     * @param options how it is opened, for writing in any case; the gate must permit its backing files
     */
    public Rebase(Images images, @Nullable String name, OpenOptions options) {
        this.images = images;
        this.name = name;
        this.options = options.withWritable(true).withForceShare(false);
        this.called = name;
    }

    /** Who is shown the overlay when it has been opened, before anything is done with it. */
    public Rebase whenOpened(Consumer<DiskImage> listener) {
        opened = listener;
        return this;
    }

    /** What complaints call the overlay, instead of its name. */
    public Rebase called(String words) {
        called = words;
        return this;
    }

    /**
     * The new backing file; without this, none.
     *
     * @param newBacking as the overlay shall name it: a relative name belongs to the overlay's folder; null or empty
     *     for none
     * @param newFormat its format; it must be stated where there is a name
     */
    public Rebase onto(@Nullable String newBacking, @Nullable String newFormat) {
        stated = newBacking == null ? "(null)" : newBacking;
        backing = newBacking == null || newBacking.isEmpty() ? null : newBacking;
        format = newFormat;
        return this;
    }

    /** How the new backing file's host cache is used. */
    public Rebase backingCache(CacheMode value) {
        backingCache = value;
        return this;
    }

    /**
     * Whether only the name is changed: neither the old backing file nor the new one need be there, and what the guest
     * reads is up to the caller.
     */
    public Rebase unsafe(boolean value) {
        unsafe = value;
        return this;
    }

    /** Whether what is written into the overlay is compressed. */
    public Rebase compress(boolean value) {
        compress = value;
        return this;
    }

    /** The rebase; its result is how many guest bytes were written into the overlay. */
    public Job<Long> job() {
        return new Job<>() {
            @Override
            protected Long execute() throws IOException {
                try (DiskImage overlay = open()) {
                    checkFormat();
                    @Nullable CompressedWrite compressed = compressedWrite(overlay);
                    long copied = unsafe ? 0 : copy(overlay, compressed);
                    overlay.flush();
                    checkCancelled();
                    changeName(overlay);
                    return copied;
                }
            }

            private long copy(DiskImage overlay, @Nullable CompressedWrite compressed) throws IOException {
                if (backing == null) {
                    return copyDifferences(overlay, null, compressed);
                }
                try (DiskImage newBacking = openBacking(overlay, backing)) {
                    return copyDifferences(overlay, newBacking, compressed);
                }
            }

            private long copyDifferences(
                    DiskImage overlay, @Nullable DiskImage newBacking, @Nullable CompressedWrite compressed)
                    throws IOException {
                if (backing != null && format == null) {
                    throw unchanged(ErrorKind.BAD_OPTION, "backing format must be specified", null);
                }
                return new RebaseCopy(overlay, newBacking, compressed, this::checkCancelled, this::progress).run();
            }
        };
    }

    // ---- opening ---------------------------------------------------------------------------------------------------

    private DiskImage open() throws IOException {
        OpenOptions how = options.withBacking(!unsafe);
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

    private void checkFormat() throws ImageException {
        if (format != null && !images.knows(format) && !(unsafe && FOREIGN_FORMATS.contains(format))) {
            throw new ImageException(ErrorKind.BAD_OPTION, "Invalid format name: '" + format + "'");
        }
    }

    private @Nullable CompressedWrite compressedWrite(DiskImage overlay) throws ImageException {
        return compress ? Copy.compressedWrite(overlay) : null;
    }

    private DiskImage openBacking(DiskImage overlay, String newName) throws IOException {
        String resolved = FileNames.resolve(overlay.name(), newName);
        OpenOptions how = options.withWritable(false)
                .withBacking(true)
                .withCache(backingCache)
                .withFormat(format)
                .withDriverOptions(DottedOptions.EMPTY);
        try {
            return images.open(resolved, how);
        } catch (IOException failed) {
            throw ImageException.wrap(failed).prefixed("Could not open new backing file '" + newName + "': ");
        }
    }

    // ---- the name --------------------------------------------------------------------------------------------------

    private void changeName(DiskImage overlay) throws IOException {
        if (backing != null && format == null) {
            throw unchanged(ErrorKind.BAD_OPTION, "backing format must be specified", null);
        }
        Rebasable rebasable = overlay.capability(Rebasable.class)
                .orElseThrow(() -> unchanged(ErrorKind.UNSUPPORTED, "Operation not supported", null));
        try {
            rebasable.changeBacking(backing, format);
        } catch (ImageException failed) {
            throw unchanged(failed.kind(), failed.getMessage(), failed);
        }
    }

    private ImageException unchanged(ErrorKind kind, String reason, @Nullable Throwable cause) {
        return new ImageException(
                kind,
                "Could not change the backing file to '" + stated + "': " + reason,
                name,
                ImageException.NO_OFFSET,
                cause);
    }
}
