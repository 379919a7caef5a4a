package io.jimg.host.deflate;

import org.jspecify.annotations.Nullable;

/**
 * The place of the class of the same name under {@code META-INF/versions/22}, which calls libdeflate; a Java before 22
 * has no way to.
 */
final class Libdeflate {
    private Libdeflate() {}

    /** {@return the library, or null where it isn't installed or may not be called} */
    static @Nullable DeflateLibrary find() {
        return null;
    }
}
