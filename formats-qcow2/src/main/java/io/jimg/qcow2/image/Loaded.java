package io.jimg.qcow2.image;

import io.jimg.capability.CompressedRuns;
import io.jimg.qcow2.header.Header;
import org.jspecify.annotations.Nullable;

/**
 * An image as its file stood when it was loaded, and the ways of its requests. Replaced as a whole when its metadata
 * changes.
 *
 * @param header the header
 * @param map the mapping
 * @param reader the way of a read; null where the image was opened for its metadata alone
 * @param writePath the way of a write; null where the image is not to be written
 * @param extents the mapping as extents
 * @param runs compressed clusters as they are stored; null where the format has none
 */
record Loaded(
        Header header,
        GuestMap map,
        @Nullable GuestReader reader,
        @Nullable WritePath writePath,
        ExtentView extents,
        @Nullable CompressedRuns runs) {}
