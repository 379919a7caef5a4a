package io.jimg.qcow2.bitmaps;

import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.qcow2.allocation.Allocation;
import io.jimg.qcow2.change.ExclusiveFile;
import io.jimg.qcow2.header.AutoclearFeature;
import io.jimg.qcow2.header.BitmapDirectory;
import io.jimg.qcow2.header.BitmapsExtension;
import io.jimg.qcow2.header.Header;
import io.jimg.qcow2.header.HeaderExtension;
import io.jimg.storage.Storage;
import java.io.IOException;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/** The bitmap directory where it lies: read, changed in place, replaced. Not safe for threads. */
public final class DirectoryFile {
    private final ExclusiveFile image;
    private BitmapDirectory directory;
    private @Nullable BitmapsExtension place;

    /** Reads the directory of an image that is to be changed. */
    DirectoryFile(ExclusiveFile image) throws IOException {
        this.image = image;
        this.place = image.header().bitmaps();
        this.directory = read(image.file(), image.header());
    }

    /**
     * Reads the directory; without entries where the image has no bitmaps that are to be trusted.
     *
     * @throws io.jimg.ImageException {@link io.jimg.ErrorKind#CORRUPT}
     */
    public static BitmapDirectory read(Storage file, Header header) throws IOException {
        BitmapsExtension extension = header.bitmaps();
        if (extension == null) {
            return BitmapDirectory.EMPTY;
        }
        // The parser has capped the size that the header states; the file caps what is allocated for it.
        long inFile = Math.max(0, file.size() - extension.directoryOffset());
        ByteBuffer directory = ByteBuffer.allocate((int) Math.min(extension.directorySize(), inFile));
        file.read(directory, extension.directoryOffset());
        return BitmapDirectory.parse(directory.flip(), header, file.name());
    }

    /** The directory as it is now. */
    BitmapDirectory directory() {
        return directory;
    }

    /**
     * Changes flags and tables' places where they lie; durable on return. A power loss leaves each field of each entry
     * as it was or as it becomes: fields are aligned, so that none lies in two sectors.
     *
     * @param changed with the same names in the same order
     */
    void update(BitmapDirectory changed) throws IOException {
        update(image.file(), place, changed);
        image.barrier();
        directory = changed;
    }

    /** As {@link #update(BitmapDirectory)}, but nothing is durable. */
    static void update(Storage file, @Nullable BitmapsExtension place, BitmapDirectory changed) throws IOException {
        if (place == null || changed.length() != place.directorySize()) {
            throw new ImageException(
                    ErrorKind.CORRUPT, "Broken bitmap directory", file.name(), ImageException.NO_OFFSET, null);
        }
        file.write(changed.write(), place.directoryOffset());
    }

    /**
     * Replaces the directory by another one, which may be empty, and points the header there. Durable on return, with
     * all refcounts that were changed and everything that was written before.
     */
    void replace(BitmapDirectory changed) throws IOException {
        BitmapsExtension old = place;
        BitmapsExtension next = changed.entries().isEmpty() ? null : write(changed);
        image.commitRefcounts();
        image.rewriteHeader(header -> header.withExtension(HeaderExtension.BITMAPS, next == null ? null : next.stored())
                .withAutoclear(header.autoclear().with(AutoclearFeature.BITMAPS, next != null)));
        if (old != null) {
            release(image, old.directoryOffset(), old.directorySize());
        }
        place = next;
        directory = changed;
    }

    private BitmapsExtension write(BitmapDirectory changed) throws IOException {
        long hostOffset = write(image, changed.write());
        return new BitmapsExtension(changed.entries().size(), changed.length(), hostOffset);
    }

    /** Writes bytes to clusters of their own; returns their place. */
    static long write(ExclusiveFile image, ByteBuffer bytes) throws IOException {
        Allocation taken = image.allocator().allocateRun(clusters(image, bytes.remaining()));
        image.file().write(bytes, taken.hostOffset());
        return taken.hostOffset();
    }

    /** Gives back clusters that nothing points to any more, durably. */
    static void release(ExclusiveFile image, long hostOffset, long length) throws IOException {
        image.allocator().release(hostOffset, clusters(image, length));
    }

    private static int clusters(ExclusiveFile image, long length) {
        return Math.toIntExact(
                (length + image.header().clusterSize() - 1) >>> image.header().clusterBits());
    }
}
