package io.jimg.vmdk.image;

import io.jimg.vmdk.extent.DiskExtent;

/**
 * An extent in its place.
 *
 * @param start guest offset of its first byte
 * @param type as the descriptor calls it; empty where the descriptor is embedded in it
 * @param extent the extent
 */
record Part(long start, String type, DiskExtent extent) {
    long end() {
        return start + extent.size();
    }
}
