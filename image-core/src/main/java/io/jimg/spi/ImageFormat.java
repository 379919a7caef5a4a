package io.jimg.spi;

import io.jimg.DiskImage;
import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.Options;
import io.jimg.capability.Measurement;
import io.jimg.storage.Sharing;
import io.jimg.storage.Storage;
import io.jimg.validate.Inspection;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Optional;

/**
 * A format's driver. Found by {@link java.util.ServiceLoader}. Stateless and safe for many threads.
 *
 * <p>Ownership: {@link #open} and {@link #createWriter} take the storage that they are given once they return normally;
 * the result closes it. Where they throw, the caller closes it.
 */
public interface ImageFormat {

    /** What {@link #probe} answers for certain bytes. */
    int PROBE_CERTAIN = 100;

    /** What {@link #probe} answers for bytes of another format. */
    int PROBE_NEVER = 0;

    /** Size of the prefix that {@link #probe} sees, in bytes, where the file has so many. */
    int PROBE_LENGTH = 2048;

    /** The name, such as {@code qcow2}. */
    String name();

    /**
     * Whether an option of {@link #openSchema()} decides what a guest sees, so that the file's name alone does not name
     * the image.
     */
    default boolean decidesContent(String option) {
        return false;
    }

    /**
     * How sure the driver is that bytes are of its format, from 0 to 100. The highest answer wins. By content alone,
     * never by the file's name.
     *
     * @param head the file's first bytes, at most {@link #PROBE_LENGTH}; the driver reads it without moving its
     *     position
     */
    int probe(ByteBuffer head);

    /** Options of {@link #open}, without those of its children. */
    Schema openSchema();

    /**
     * Options of {@link #create}, in the order in which {@code qemu-img create} echoes them ({@code -o help} sorts them
     * by name); empty where the format cannot be created. What has a default is echoed even where it was not given. The
     * guest's size is the option {@code size}; where the format has backing files they are the options
     * {@code backing_file} and {@code backing_fmt}.
     */
    Schema createSchema();

    /**
     * Options of an image that can be changed after it was created; empty where there are none. What is not given stays
     * as it is, whatever an option's default.
     */
    default Schema amendSchema() {
        return Schema.EMPTY;
    }

    /**
     * Names of the children whose dotted options belong to them, such as {@code backing} and {@code data-file};
     * {@code file} is one of every format.
     */
    default java.util.List<String> children() {
        return java.util.List.of();
    }

    /**
     * What others on the host may do with the file while an image in it is open. The default keeps them from changing
     * it, as metadata demand.
     *
     * @param writable whether the image is written
     * @param inspectOnly whether only metadata are read
     */
    default Sharing sharing(boolean writable, boolean inspectOnly) {
        return Sharing.ofMetadata(writable, inspectOnly);
    }

    /**
     * Opens an image.
     *
     * @param file the storage with the image's metadata
     * @param context how, and the way to other files
     * @throws ImageException {@link ErrorKind#INVALID_FORMAT}, {@link ErrorKind#UNSUPPORTED}, {@link ErrorKind#CORRUPT}
     *     ...
     */
    DiskImage open(Storage file, OpenContext context) throws IOException;

    /**
     * Tells what is worth knowing of a file before anybody opens it as an image of this format: what it refers to, what
     * it is marked with, what of it lies past the file's end, what it asks for. The file may be damaged or hostile in
     * any way; what keeps it from being read at all is told by {@link #open}, too, and need not be told here. Opens no
     * other file and reads no guest data. What a check finds is not told.
     *
     * @param file stays the caller's
     * @param inspection takes the findings
     */
    default void inspect(Storage file, Inspection inspection) throws IOException {}

    /**
     * Whether an image of this format can hold compressed data: whether {@link #createWriter} gives writers that
     * compress.
     */
    default boolean compresses() {
        return false;
    }

    /** Whether an image made with these options is encrypted; what is compressed cannot be. */
    default boolean encrypts(Options created) {
        return false;
    }

    /** Whether an image made with these options can hold persistent bitmaps. */
    default boolean bitmaps(Options created) {
        return false;
    }

    /**
     * Checks options before any file is touched, so that a command that fails leaves an existing file as it was.
     *
     * @throws ImageException {@link ErrorKind#BAD_OPTION} or {@link ErrorKind#LIMIT}
     */
    default void validateCreate(CreateRequest request) throws ImageException {}

    /**
     * Makes an empty image in an empty storage. Does not close the storage.
     *
     * @throws ImageException {@link ErrorKind#UNSUPPORTED} where the format cannot be created
     */
    default void create(Storage file, CreateRequest request) throws IOException {
        throw new ImageException(
                ErrorKind.UNSUPPORTED, "Format driver '" + name() + "' does not support image creation");
    }

    /**
     * What must be said when an image is opened that was created with these options, such as which secret opens it.
     *
     * @param created as in {@link CreateRequest#options()}
     */
    default DottedOptions openOptions(Options created) {
        return DottedOptions.EMPTY;
    }

    /**
     * Makes an image in an empty storage that is written forwards, once.
     *
     * @return empty where the format has no such form for these options; nothing was changed then, and {@link #create}
     *     and {@link #open} are the way
     */
    default Optional<ImageWriter> createWriter(Storage file, CreateRequest request) throws IOException {
        return Optional.empty();
    }

    /**
     * Says how large the file of an image would be; touches no file.
     *
     * @throws ImageException {@link ErrorKind#UNSUPPORTED} where the format cannot tell, {@link ErrorKind#BAD_OPTION},
     *     {@link ErrorKind#LIMIT}
     */
    default Measurement measure(MeasureRequest request) throws IOException {
        throw new ImageException(
                ErrorKind.UNSUPPORTED, "Block driver '" + name() + "' does not support size measurement");
    }
}
