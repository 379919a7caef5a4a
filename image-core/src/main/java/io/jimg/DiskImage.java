package io.jimg;

import io.jimg.spi.Doc;
import io.jimg.storage.Storage;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** An open image: a {@link BlockDevice} that knows its format and what else it can do. */
public interface DiskImage extends BlockDevice {

    /** Name of the format's driver, such as {@code qcow2}. */
    String format();

    /** The image's name, as the user gave it or as the image above names it. */
    String name();

    /**
     * The image beneath, whose bytes show where this one has none; null for the base of a chain or where it was not
     * opened.
     */
    @Nullable
    DiskImage backing();

    /** Bytes that the image occupies on the host, as far as it can be told; its file's length otherwise. */
    long allocatedSize() throws java.io.IOException;

    /**
     * The format's own part of {@code info}: the members of QEMU's {@code format-specific} data, empty where there are
     * none.
     */
    Doc formatSpecific() throws java.io.IOException;

    /** The unit in which the format allocates guest bytes; 0 where it has none. */
    default int clusterSize() {
        return 0;
    }

    /** The smallest part of guest bytes that can be there or not; at most {@link #clusterSize()}, 0 where that is. */
    default int subclusterSize() {
        return clusterSize();
    }

    /** Whether guest data is stored encrypted. */
    default boolean encrypted() {
        return false;
    }

    /** Whether the image is marked as not having been closed properly: its metadata wants a repair. */
    default boolean dirty() {
        return false;
    }

    /**
     * A storage that an image stands on.
     *
     * @param name the child's name in the tree of nodes, such as {@code file}
     * @param storage the open storage, which stays the image's
     */
    record Child(String name, Storage storage) {}

    /**
     * The storages that were opened for this image, its backing file's left out, in the order in which {@code info}
     * tells of them.
     */
    default List<Child> children() {
        return List.of();
    }

    /**
     * Something that this image can do beyond a block device, by its interface in {@code io.jimg.capability}.
     *
     * @return empty where the format, or this image as it was opened, cannot
     */
    <T> Optional<T> capability(Class<T> type);
}
