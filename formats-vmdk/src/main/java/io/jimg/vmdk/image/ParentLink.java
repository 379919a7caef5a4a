package io.jimg.vmdk.image;

import io.jimg.capability.BackingLink;
import org.jspecify.annotations.Nullable;

/** What the descriptor says of the parent. */
record ParentLink(VmdkImage image) implements BackingLink {

    @Override
    public @Nullable String backingName() {
        return image.descriptor().parentName();
    }

    /** A parent is of the same format, always. */
    @Override
    public @Nullable String backingFormat() {
        return backingName() == null ? null : VmdkImage.FORMAT;
    }

    @Override
    public @Nullable String resolvedBackingName() {
        String name = backingName();
        return name == null ? null : image.context().resolve(local(name));
    }

    /**
     * A name as this machine may know it: of a path on Windows its last part, for the parent is as a rule beside the
     * child.
     */
    static String local(String name) {
        boolean windows = name.startsWith("\\\\")
                || (name.length() > 2 && Character.isLetter(name.charAt(0)) && name.startsWith(":\\", 1));
        return windows ? name.substring(name.lastIndexOf('\\') + 1) : name;
    }
}
