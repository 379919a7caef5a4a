package io.jimg.spi;

import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.Options;
import io.jimg.storage.Storage;
import java.io.IOException;
import java.util.List;

/** The driver of a storage that stands on another one and changes what is done with it. */
public interface FilterProtocol extends ProtocolDriver {

    /**
     * The option under {@code x-} and {@link #child()} that {@link #parseName} gives the name of the storage beneath
     * by.
     */
    String NAME_PREFIX = "x-";

    /** Name of the storage beneath in options, such as {@code image}. */
    String child();

    /** Names of lists of options that {@link #open(Storage, Options, DottedOptions, String)} reads for itself. */
    List<String> lists();

    /**
     * Makes the storage.
     *
     * @param inner the storage beneath, which the result closes; where this throws, the caller does
     * @param options the driver's options
     * @param lists those under {@link #lists()}
     * @param name what the storage is called
     */
    Storage open(Storage inner, Options options, DottedOptions lists, String name) throws IOException;

    /** Names of files that {@link #open(Storage, Options, DottedOptions, String)} reads beside the storage beneath. */
    default List<String> files(Options options) {
        return List.of();
    }

    /** Whether a file name of this protocol holds that option. */
    default boolean inName(String option) {
        return false;
    }

    /**
     * What the storage is called where a file name says everything.
     *
     * @param inner the storage beneath
     */
    default String nameOver(Options options, Storage inner) {
        return nameOf(options) + inner.name();
    }

    @Override
    default Storage open(Options options, Mode mode) throws IOException {
        throw new ImageException(ErrorKind.BAD_OPTION, "A block device must be specified for \"" + child() + "\"");
    }

    @Override
    default Storage create(Options options, Mode mode) throws IOException {
        throw new ImageException(
                ErrorKind.UNSUPPORTED, "Protocol driver '" + name() + "' does not support creating new images");
    }

    @Override
    default boolean exists(Options options) {
        return true;
    }

    @Override
    default void delete(Options options) {
        // It made nothing.
    }
}
