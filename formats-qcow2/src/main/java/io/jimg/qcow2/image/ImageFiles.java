package io.jimg.qcow2.image;

import io.jimg.DiskImage;
import io.jimg.spi.Closing;
import io.jimg.storage.Storage;
import java.io.IOException;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * What an open image stands on, and closes.
 *
 * @param file the storage with the metadata
 * @param data the storage with guest data: {@code file}, or the external data file, which is null where the image was
 *     opened for its metadata alone
 * @param dataName name of the storage with guest data
 * @param externalData whether guest data lies in a file of its own
 * @param backing the image beneath; null for none
 */
record ImageFiles(
        Storage file,
        @Nullable Storage data,
        String dataName,
        boolean externalData,
        @Nullable DiskImage backing) implements AutoCloseable {

    /** Closes all, whatever fails; throws the first failure. */
    @Override
    public void close() throws IOException {
        Closing.all(Arrays.asList(externalData ? data : null, backing, file));
    }
}
