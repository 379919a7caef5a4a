package io.jimg.qcow2.image;

import io.jimg.capability.BackingLink;
import org.jspecify.annotations.Nullable;

/** What the header says of the backing file. */
record HeaderBackingLink(
        @Nullable String backingName,
        @Nullable String backingFormat,
        @Nullable String resolvedBackingName) implements BackingLink {}
