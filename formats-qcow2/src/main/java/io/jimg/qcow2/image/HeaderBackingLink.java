package io.jimg.qcow2.image;

import io.jimg.capability.BackingLink;
import org.jspecify.annotations.Nullable;

/** What the header says of the backing file, now. */
record HeaderBackingLink(Qcow2Image image) implements BackingLink {

    @Override
    public @Nullable String backingName() {
        return image.header().backingName();
    }

    @Override
    public @Nullable String backingFormat() {
        return image.header().backingFormat();
    }

    @Override
    public @Nullable String resolvedBackingName() {
        String name = backingName();
        return name == null ? null : image.context().resolve(name);
    }
}
