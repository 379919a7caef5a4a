package io.jimg.ops;

import io.jimg.BlockDevice;
import io.jimg.DiskImage;
import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.capability.Bitmaps;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Copies the persistent bitmaps of an image to another one of the same size: with their granularity and content,
 * enabled where they are enabled. For {@link Convert#bitmaps}, or by itself.
 */
public final class CopyBitmaps {
    private final DiskImage source;
    private final @Nullable Consumer<String> skipped;

    /**
     * From an image, which stays the caller's and open until they are copied.
     *
     * @param skipped is told, as a sentence, of each inconsistent bitmap that is left out; null to refuse such bitmaps
     */
    public CopyBitmaps(DiskImage source, @Nullable Consumer<String> skipped) {
        this.source = source;
        this.skipped = skipped;
    }

    /**
     * Refuses a source whose bitmaps cannot be copied.
     *
     * @throws ImageException {@link ErrorKind#UNSUPPORTED} where the image cannot have bitmaps;
     *     {@link ErrorKind#CORRUPT} where one is inconsistent
     */
    public void check() throws IOException {
        List<Bitmaps.Bitmap> all = bitmaps().list();
        if (skipped == null) {
            for (Bitmaps.Bitmap bitmap : lastFirst(all)) {
                if (bitmap.inconsistent()) {
                    throw new ImageException(
                            ErrorKind.CORRUPT,
                            "Cannot copy inconsistent bitmap '" + bitmap.name()
                                    + "'\nTry --skip-broken-bitmaps, or use 'qemu-img bitmap --remove' to delete it");
                }
            }
        }
    }

    private Bitmaps bitmaps() throws ImageException {
        return find(source, "Source lacks bitmap support");
    }

    private static Bitmaps find(BlockDevice image, String sentence) throws ImageException {
        Bitmaps found = image instanceof DiskImage disk
                ? disk.capability(Bitmaps.class).filter(Bitmaps::storable).orElse(null)
                : null;
        if (found == null) {
            throw new ImageException(ErrorKind.UNSUPPORTED, sentence);
        }
        return found;
    }

    /**
     * Refuses a target that cannot have bitmaps.
     *
     * @throws ImageException {@link ErrorKind#UNSUPPORTED}
     */
    static Bitmaps requireTarget(BlockDevice target) throws ImageException {
        return find(target, unsupported(target instanceof DiskImage image ? image.format() : "raw"));
    }

    /** What to say of a format without bitmaps. */
    static String unsupported(String format) {
        return "Format driver '" + format + "' does not support bitmaps";
    }

    /**
     * Copies them.
     *
     * @param target open for writing; stays the caller's
     * @throws ImageException {@link ErrorKind#EXISTS} where it has one of that name, and as {@link Bitmaps#add} and
     *     {@link Bitmaps#merge}
     */
    public void into(BlockDevice target) throws IOException {
        Bitmaps copies = requireTarget(target);
        Bitmaps originals = bitmaps();
        check();
        List<Bitmaps.Bitmap> all = originals.list();
        List<Bitmaps.Bitmap> present = copies.list();
        for (Bitmaps.Bitmap bitmap : lastFirst(all)) {
            if (bitmap.inconsistent()) {
                Objects.requireNonNull(skipped).accept("Skipping inconsistent bitmap '" + bitmap.name() + "'");
            } else if (present.stream().anyMatch(other -> other.name().equals(bitmap.name()))) {
                throw new ImageException(
                        ErrorKind.EXISTS,
                        "Failed to create bitmap " + bitmap.name() + ": Bitmap already exists: " + bitmap.name());
            }
        }
        // Added in the order of the source; what merging would refuse, it refuses for the last one first.
        for (Bitmaps.Bitmap bitmap : target.size() == source.size() ? all : lastFirst(all)) {
            if (!bitmap.inconsistent()) {
                copy(bitmap, originals, copies);
            }
        }
    }

    private static void copy(Bitmaps.Bitmap bitmap, Bitmaps originals, Bitmaps copies) throws IOException {
        try {
            copies.add(bitmap.name(), bitmap.granularity(), false);
        } catch (ImageException failed) {
            throw failed.prefixed("Failed to create bitmap " + bitmap.name() + ": ");
        }
        try {
            copies.merge(bitmap.name(), originals.read(bitmap.name()));
            if (bitmap.enabled()) {
                copies.enable(bitmap.name());
            }
        } catch (ImageException failed) {
            throw failed.prefixed("Failed to populate bitmap " + bitmap.name() + ": ");
        }
    }

    /** In QEMU's order, so that the same one is complained of. */
    private static List<Bitmaps.Bitmap> lastFirst(List<Bitmaps.Bitmap> bitmaps) {
        List<Bitmaps.Bitmap> reversed = new ArrayList<>(bitmaps);
        Collections.reverse(reversed);
        return reversed;
    }
}
