package io.jimg.qcow2.bitmaps;

import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.capability.DirtyRuns;
import io.jimg.qcow2.change.ExclusiveFile;
import io.jimg.qcow2.header.BitmapDirectory;
import io.jimg.qcow2.header.Header;
import io.jimg.qcow2.header.HeaderBytes;
import io.jimg.qcow2.header.HeaderLimits;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/**
 * The changes of an image's bitmaps that a user asks for. Each is one atomic step for a power loss: one pointer flips,
 * or one flag, when all that it stands for is durable. For one {@link ExclusiveFile}, and so for one thread.
 */
public final class BitmapEdits {
    private final ExclusiveFile image;
    private final DirectoryFile file;

    /** Reads the directory. */
    public BitmapEdits(ExclusiveFile image) throws IOException {
        this.image = image;
        this.file = new DirectoryFile(image);
    }

    /** Adds a clean bitmap. */
    public void add(String name, long granularity, boolean enabled) throws IOException {
        Header header = image.header();
        HeaderBytes nameBytes = HeaderBytes.ofText(name);
        if (name.isEmpty()) {
            throw fail(ErrorKind.BAD_OPTION, "Bitmap name cannot be empty");
        }
        if (granularity < 1 << BitmapDirectory.MIN_GRANULARITY_BITS
                || granularity > 1L << BitmapDirectory.MAX_GRANULARITY_BITS
                || Long.bitCount(granularity) != 1) {
            throw fail(ErrorKind.BAD_OPTION, "Granularity must be power of 2 and at least 512");
        }
        if (file.directory().find(name) >= 0) {
            throw fail(ErrorKind.EXISTS, "Bitmap already exists: " + name);
        }
        int granularityBits = Long.numberOfTrailingZeros(granularity);
        BitmapShape shape = new BitmapShape(header.size(), header.clusterBits(), granularityBits);
        int tableSize = (int) shape.clusters();
        requireStorable(name, nameBytes, shape);
        BitmapDirectory.Entry entry =
                new BitmapDirectory.Entry(0, tableSize, false, enabled, granularityBits, nameBytes);
        List<BitmapDirectory.Entry> entries = new ArrayList<>(file.directory().entries());
        entries.add(entry);
        if (new BitmapDirectory(entries).length() > HeaderLimits.MAX_BITMAP_DIRECTORY_BYTES) {
            throw unstorable(ErrorKind.LIMIT, name, "Not enough space in the bitmap directory");
        }
        BitmapTable table = BitmapTable.clean(tableSize, header.clusterSize());
        entries.set(entries.size() - 1, entry.withTable(DirectoryFile.write(image, table.write())));
        file.replace(new BitmapDirectory(entries));
    }

    private void requireStorable(String name, HeaderBytes nameBytes, BitmapShape shape) throws ImageException {
        if (image.header().version() < 3) {
            throw unstorable(ErrorKind.UNSUPPORTED, name, "Cannot store dirty bitmaps in qcow2 v2 files");
        }
        if (nameBytes.length() > BitmapDirectory.MAX_NAME_LENGTH) {
            throw unstorable(
                    ErrorKind.BAD_OPTION,
                    name,
                    "Name length exceeds maximum (" + BitmapDirectory.MAX_NAME_LENGTH + " characters)");
        }
        if (shape.size() == 0) {
            throw unstorable(ErrorKind.UNSUPPORTED, name, "The image has no bytes");
        }
        if (shape.clusters() << shape.clusterBits() > BitmapDirectory.MAX_DATA_BYTES) {
            throw unstorable(
                    ErrorKind.LIMIT, name, "Too much space will be occupied by the bitmap. Use larger granularity");
        }
        if (file.directory().entries().size() >= HeaderLimits.MAX_BITMAPS) {
            throw unstorable(ErrorKind.LIMIT, name, "Maximum number of persistent bitmaps is already reached");
        }
    }

    /** Removes a bitmap with all that it has, whatever its state. */
    public void remove(String name) throws IOException {
        int index = find(name);
        List<BitmapDirectory.Entry> entries = new ArrayList<>(file.directory().entries());
        remove(List.of(entries.remove(index)), entries);
    }

    /** Removes all bitmaps; tells whether there were any. */
    public boolean removeAll() throws IOException {
        List<BitmapDirectory.Entry> all = file.directory().entries();
        if (!all.isEmpty()) {
            remove(all, List.of());
        }
        return !all.isEmpty();
    }

    private void remove(List<BitmapDirectory.Entry> removed, List<BitmapDirectory.Entry> kept) throws IOException {
        List<BitmapTable> tables = new ArrayList<>();
        for (BitmapDirectory.Entry entry : removed) {
            tables.add(BitmapTable.read(image.file(), image.header(), entry));
        }
        file.replace(new BitmapDirectory(kept));
        for (int i = 0; i < tables.size(); i++) {
            release(removed.get(i), tables.get(i));
        }
    }

    private void release(BitmapDirectory.Entry entry, BitmapTable table) throws IOException {
        for (int i = 0; i < table.length(); i++) {
            if (table.hostOffset(i) != 0) {
                DirectoryFile.release(image, table.hostOffset(i), 1);
            }
        }
        DirectoryFile.release(image, entry.tableOffset(), (long) table.length() * Long.BYTES);
    }

    /** Makes a bitmap clean. */
    public void clear(String name) throws IOException {
        change(name, ContentChange::clear);
    }

    /** Lets a bitmap track writes, or not. */
    public void enable(String name, boolean enabled) throws IOException {
        int index = findConsistent(name);
        BitmapDirectory.Entry entry = file.directory().entries().get(index);
        if (entry.auto() != enabled) {
            file.update(file.directory().with(index, entry.withAuto(enabled)));
        }
    }

    /** Marks dirty in a bitmap what is dirty in another one of this image. */
    public void merge(String name, String sourceName) throws IOException {
        findConsistent(name);
        int source = findConsistent(sourceName);
        if (!name.equals(sourceName)) {
            merge(
                    name,
                    StoredBitmap.open(
                            image.file(),
                            image.header(),
                            file.directory().entries().get(source)));
        }
    }

    /** Marks dirty in a bitmap what is dirty elsewhere. */
    public void merge(String name, DirtyRuns source) throws IOException {
        findConsistent(name);
        if (source.size() != image.header().size()) {
            throw fail(
                    ErrorKind.BAD_OPTION,
                    "Bitmaps are of different sizes (destination size is "
                            + image.header().size() + ", source size is " + source.size() + ") and can't be merged");
        }
        change(name, content -> content.mark(source));
    }

    @FunctionalInterface
    private interface Step {
        void apply(ContentChange content) throws IOException;
    }

    private void change(String name, Step step) throws IOException {
        int index = findConsistent(name);
        ContentChange content =
                new ContentChange(image, file.directory().entries().get(index));
        step.apply(content);
        image.commitRefcounts();
        file.update(file.directory().with(index, content.entry()));
        content.releaseOld();
    }

    private int findConsistent(String name) throws ImageException {
        int index = find(name);
        StoredBitmap.requireConsistent(
                file.directory().entries().get(index), image.file().name());
        return index;
    }

    private int find(String name) throws ImageException {
        int index = file.directory().find(name);
        if (index < 0) {
            throw notFound(name, image.file().name());
        }
        return index;
    }

    /** Says in QEMU's words that there is no such bitmap. */
    public static ImageException notFound(String name, String resource) {
        return new ImageException(
                ErrorKind.NOT_FOUND, "Dirty bitmap '" + name + "' not found", resource, ImageException.NO_OFFSET, null);
    }

    private ImageException unstorable(ErrorKind kind, String name, String reason) {
        return fail(
                kind,
                "Can't make bitmap '" + name + "' persistent in '"
                        + image.file().name() + "': " + reason);
    }

    private ImageException fail(ErrorKind kind, String sentence) {
        return new ImageException(kind, sentence, image.file().name(), ImageException.NO_OFFSET, null);
    }
}
