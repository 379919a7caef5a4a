package io.jimg.capability;

import org.jspecify.annotations.Nullable;

/** What an image says of the image beneath it. */
public interface BackingLink {

    /** The backing file's name as it stands in the image; null for none. */
    @Nullable
    String backingName();

    /** The backing file's format as it stands in the image; null where the image does not say. */
    @Nullable
    String backingFormat();

    /** The backing file's name resolved against the image's own; null for none or where it cannot be resolved. */
    @Nullable
    String resolvedBackingName();
}
