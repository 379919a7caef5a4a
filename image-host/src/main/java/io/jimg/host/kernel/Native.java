package io.jimg.host.kernel;

import org.jspecify.annotations.Nullable;

/**
 * What the host offers beyond the Java platform. This is the form for a Java before 22, which has no way to call it:
 * nothing is here. The class of the same name under {@code META-INF/versions/22} looks.
 */
public final class Native {
    private Native() {}

    /** {@return the host's system calls, or null where they can't be, or may not be, made} */
    public static @Nullable Kernel kernel() {
        return null;
    }

    /** {@return whether native code may be called} */
    public static boolean isPermitted() {
        return false;
    }
}
