package io.jimg.spi;

import io.jimg.DiskImage;
import io.jimg.ErrorKind;
import io.jimg.ImageException;
import io.jimg.Options;
import io.jimg.Secrets;
import io.jimg.storage.Storage;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * What is to be created.
 *
 * @param size the guest's size in bytes
 * @param options read by the format's {@link ImageFormat#createSchema()}
 * @param files creates further files that the options name, such as an external data file
 * @param secrets who gives the passphrases that the options name
 */
public record CreateRequest(long size, Options options, FileCreator files, Secrets secrets) {

    /** An image that needs no secret. */
    public CreateRequest(long size, Options options, FileCreator files) {
        this(size, options, files, Secrets.NONE);
    }

    /** Creates, or opens where it exists, a file that belongs to the new image. */
    @FunctionalInterface
    public interface FileCreator {
        /**
         * Opens for writing.
         *
         * @param name a literal file name that the user gave
         */
        Storage create(String name) throws IOException;

        /**
         * Opens the backing file that the options name, read-only and without what lies beneath it, for a format that
         * writes down something of it.
         *
         * @param name as the new image is to name it
         * @param format its format; null to find it by content
         * @throws ImageException {@link ErrorKind#UNSUPPORTED} where there is nobody to open it
         */
        default DiskImage openBacking(String name, @Nullable String format) throws IOException {
            throw new ImageException(ErrorKind.UNSUPPORTED, "The backing file '" + name + "' cannot be opened here");
        }
    }
}
