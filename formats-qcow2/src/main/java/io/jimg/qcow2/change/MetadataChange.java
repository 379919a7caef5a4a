package io.jimg.qcow2.change;

import java.io.IOException;

/**
 * One change of an image's metadata, while nobody else uses the image. Its own order of writes and
 * {@link ExclusiveFile#barrier barriers} must leave a sound image wherever power is lost; after it, or after its
 * failure, the image is loaded anew from the file.
 *
 * @param <T> the result
 */
@FunctionalInterface
public interface MetadataChange<T> {

    /** Makes the change. */
    T apply(ExclusiveFile image) throws IOException;
}
