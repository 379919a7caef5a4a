package io.jimg;

import io.jimg.spi.Doc;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** An open image: a {@link BlockDevice} that knows its format and what else it can do. */
public interface DiskImage extends BlockDevice {

    /** Name of the format's driver, such as {@code qcow2}. */
    String format();

    /** The image's name, as the user gave it or as the image above names it. */
    String name();

    /** The image beneath, whose bytes show where this one has none; null for the base of a chain or where it was not opened. */
    @Nullable DiskImage backing();

    /** Bytes that the image occupies on the host, as far as it can be told; its file's length otherwise. */
    long allocatedSize() throws java.io.IOException;

    /** The format's own part of {@code info}: the members of QEMU's {@code format-specific} data, empty where there are none. */
    Doc formatSpecific() throws java.io.IOException;

    /**
     * Something that this image can do beyond a block device, by its interface in {@code io.jimg.capability}.
     *
     * @return empty where the format, or this image as it was opened, cannot
     */
    <T> Optional<T> capability(Class<T> type);
}
