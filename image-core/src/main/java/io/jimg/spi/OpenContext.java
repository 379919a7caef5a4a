package io.jimg.spi;

import io.jimg.CacheMode;
import io.jimg.DiskImage;
import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.Notices;
import io.jimg.OpenLimits;
import io.jimg.Options;
import io.jimg.Secrets;
import io.jimg.storage.Storage;
import java.io.IOException;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * What a format's driver is told when it opens an image, and its only way to other files: names, options and the gate
 * are dealt with behind it.
 */
public interface OpenContext {

    /** The driver's own options, read by its {@link ImageFormat#openSchema()}. */
    Options options();

    /** Whether the image is to be written. */
    boolean writable();

    /** The cache mode; {@link CacheMode#noFlush()} means that flushes need not reach the disk. */
    CacheMode cache();

    /** Whether only metadata will be asked: data files must not be opened. */
    boolean inspectOnly();

    /**
     * Whether the image is opened to be checked, or, if it is writable, to be repaired: damage that the check reports
     * itself must not keep it from being opened, and nothing but the repair writes.
     */
    default boolean toCheck() {
        return false;
    }

    /** Whether the format was found by content instead of being stated. */
    boolean probed();

    /**
     * Name of the format that probing would find if a file began so; null where nobody can tell.
     *
     * @param head the file's first bytes, read without moving its position
     */
    default @Nullable String formatOf(ByteBuffer head) {
        return null;
    }

    /**
     * What the image is called: by its file's name, or, where that does not say how it was opened, by {@code json:{…}}.
     *
     * @param file the file that the image is opened from
     */
    default String imageName(Storage file) {
        return file.name();
    }

    /** Who gives passphrases. */
    Secrets secrets();

    /** Who is told what is found and put right on the way. */
    default Notices notices() {
        return Notices.NONE;
    }

    /** What the image may cost; the driver asks before it allocates or works. */
    default OpenLimits limits() {
        return OpenLimits.NONE;
    }

    /**
     * Opens the image beneath, read-only. Options under {@code backing} go to it; {@code backing.driver} and
     * {@code backing.file.…} replace what the image says.
     *
     * @param name as the image says: relative, absolute, with a protocol, or {@code json:}; null where it names none
     * @param format as the image says; null to find it by content
     * @return null where there is no name and none in the options, or where the caller wanted no chain
     */
    @Nullable
    DiskImage openBacking(@Nullable String name, @Nullable String format) throws IOException;

    /**
     * Opens a file that is part of the image. Options under {@code child} go to it and may replace its name.
     *
     * @param child name of the child, such as {@code data-file}
     * @param role for the gate
     * @param name a literal file name, relative to the process's working directory, as QEMU takes a data file's; null
     *     where the image says none
     * @return null where there is no name and none in the options
     */
    @Nullable
    Storage openStorage(String child, OpenGate.Role role, @Nullable String name) throws IOException;

    /** A file that was made for an open image. */
    interface NewFile {

        /** The file, empty and open for writing; whoever made it closes it. */
        Storage storage();

        /** Closes the file and takes it away again. */
        void remove() throws IOException;
    }

    /**
     * Makes a file that becomes part of the image.
     *
     * @param role for the gate
     * @param name a literal file name
     * @throws ImageException {@link ErrorKind#EXISTS} where there is something of that name, which stays as it is;
     *     {@link ErrorKind#DENIED} by the gate; {@link ErrorKind#UNSUPPORTED} where files cannot be made
     */
    default NewFile createStorage(OpenGate.Role role, String name) throws IOException {
        throw new ImageException(ErrorKind.UNSUPPORTED, "No file can be made for this image: " + name);
    }

    /**
     * The name that {@link #openBacking} would open for a name that the image holds; opens nothing.
     *
     * @return null where a relative name has nothing to be relative to
     */
    default @Nullable String resolve(String name) {
        return name;
    }
}
