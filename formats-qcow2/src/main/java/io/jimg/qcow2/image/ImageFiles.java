package io.jimg.qcow2.image;

import io.jimg.DiskImage;
import io.jimg.storage.Storage;
import java.io.IOException;
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
        IOException failure = null;
        for (AutoCloseable each : new @Nullable AutoCloseable[] {externalData ? data : null, backing, file}) {
            failure = close(each, failure);
        }
        if (failure != null) {
            throw failure;
        }
    }

    /** Closes what an open that failed has opened: all but the file, which is its caller's. */
    static void closeAfter(Throwable failure, @Nullable AutoCloseable... opened) {
        for (AutoCloseable each : opened) {
            IOException second = close(each, null);
            if (second != null) {
                failure.addSuppressed(second);
            }
        }
    }

    private static @Nullable IOException close(@Nullable AutoCloseable each, @Nullable IOException earlier) {
        try {
            if (each != null) {
                each.close();
            }
            return earlier;
        } catch (IOException failure) {
            if (earlier == null) {
                return failure;
            }
            earlier.addSuppressed(failure);
            return earlier;
        } catch (RuntimeException bug) {
            throw bug;
        } catch (Exception checked) {
            throw new IllegalStateException("Storage and DiskImage close with IOException only", checked);
        }
    }
}
