package io.jimg.qcow2.snapshot;

import io.jimg.qcow2.change.ExclusiveFile;
import io.jimg.qcow2.header.HeaderFields;
import io.jimg.qcow2.header.IncompatibleFeature;
import java.io.IOException;

/**
 * The mark that refcounts and COPIED flags may not fit each other (specification: incompatible feature bit 0): set
 * before a change whose steps cross such states, removed after it. Whoever opens a marked image for writing repairs it
 * first. Version 2 has no mark: there the order of steps alone keeps the states harmless.
 */
final class DirtyMark {
    private DirtyMark() {}

    static void set(ExclusiveFile image) throws IOException {
        change(image, IncompatibleFeature.DIRTY.mask());
    }

    static void remove(ExclusiveFile image) throws IOException {
        image.barrier();
        change(image, 0);
    }

    private static void change(ExclusiveFile image, long bit) throws IOException {
        if (image.header().version() >= 3) {
            int field = HeaderFields.INCOMPATIBLE_FEATURES;
            image.changeHeader(
                    sector -> sector.putLong(field, sector.getLong(field) & ~IncompatibleFeature.DIRTY.mask() | bit));
        }
    }
}
