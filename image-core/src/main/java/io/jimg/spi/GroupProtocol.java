package io.jimg.spi;

import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.Options;
import io.jimg.storage.Storage;
import java.io.IOException;
import java.util.List;

/** The driver of a storage that stands on several others, which are its equals. */
public interface GroupProtocol extends ProtocolDriver {

    /** Name of the list of storages in options, such as {@code children}. */
    String list();

    /**
     * Makes the storage.
     *
     * @param members the storages beneath, in the order of their numbers, which the result closes; where this throws,
     *     the caller does
     * @param options the driver's options
     * @param name what the storage is called
     */
    Storage open(List<Storage> members, Options options, String name) throws IOException;

    @Override
    default DottedOptions parseName(String name) throws IOException {
        throw new ImageException(ErrorKind.UNSUPPORTED, "Unknown protocol '" + name() + "'");
    }

    @Override
    default String nameOf(Options options) {
        return name();
    }

    @Override
    default Storage open(Options options, Mode mode) throws IOException {
        throw new ImageException(ErrorKind.BAD_OPTION, "Number of provided children must be 1 or more");
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
