package io.jimg.qcow2.bitmaps;

import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.qcow2.change.ExclusiveFile;
import io.jimg.qcow2.header.BitmapDirectory;
import io.jimg.qcow2.header.Header;
import io.jimg.qcow2.header.HeaderFields;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * Takes an image's bitmaps along when the image is given another size. The bitmaps are marked as in use, the caller
 * changes the size, then {@link #finish} gives them as many bits; a power loss in between leaves them inconsistent, as
 * QEMU does.
 */
public final class BitmapResize {
    /** Sizes are rounded down to it when a header is read. */
    private static final long SECTOR = 512;

    private final ExclusiveFile image;
    private final DirectoryFile file;
    private final BitmapDirectory before;
    private final long newSize;

    private BitmapResize(ExclusiveFile image, DirectoryFile file, BitmapDirectory before, long newSize) {
        this.image = image;
        this.file = file;
        this.before = before;
        this.newSize = newSize;
    }

    /**
     * To be called before anything of the size changes.
     *
     * @throws ImageException {@link ErrorKind#CORRUPT} where a bitmap is inconsistent, with QEMU's sentence
     */
    public static BitmapResize begin(ExclusiveFile image, long newSize) throws IOException {
        DirectoryFile file = new DirectoryFile(image);
        BitmapDirectory before = file.directory();
        List<BitmapDirectory.Entry> marked = new ArrayList<>();
        for (BitmapDirectory.Entry entry : before.entries()) {
            StoredBitmap.requireConsistent(entry, image.file().name());
            marked.add(entry.withInUse(true));
        }
        if (!marked.isEmpty()) {
            file.update(new BitmapDirectory(marked));
        }
        return new BitmapResize(image, file, before, newSize);
    }

    /**
     * To be called instead of {@link #finish} where the change failed. Where the image has its new size nevertheless,
     * the bitmaps stay inconsistent.
     */
    public void abandon() throws IOException {
        ByteBuffer size = ByteBuffer.allocate(Long.BYTES);
        image.file().read(size, HeaderFields.SIZE);
        if (!before.entries().isEmpty()
                && (size.getLong(0) & -SECTOR) == image.header().size()) {
            file.update(before);
        }
    }

    /**
     * To be called when the image has its new size, durably.
     *
     * @return names of the bitmaps that cannot have so many bits, or none at all: they stay, as inconsistent ones
     */
    public List<String> finish() throws IOException {
        List<String> lost = new ArrayList<>();
        if (file.directory().entries().isEmpty()) {
            return lost;
        }
        Header header = image.header();
        List<BitmapDirectory.Entry> resized = new ArrayList<>();
        List<ContentChange> changes = new ArrayList<>();
        for (BitmapDirectory.Entry entry : file.directory().entries()) {
            BitmapShape shape = new BitmapShape(newSize, header.clusterBits(), entry.granularityBits());
            if (newSize == 0 || shape.clusters() << shape.clusterBits() > BitmapDirectory.MAX_DATA_BYTES) {
                lost.add(entry.name());
                resized.add(entry);
            } else {
                ContentChange change = new ContentChange(image, entry);
                change.resize(newSize);
                changes.add(change);
                resized.add(change.entry().withInUse(false));
            }
        }
        file.replace(new BitmapDirectory(resized));
        for (ContentChange change : changes) {
            change.releaseOld();
        }
        return lost;
    }
}
