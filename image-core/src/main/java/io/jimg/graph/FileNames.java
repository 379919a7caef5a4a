package io.jimg.graph;

import io.jimg.ErrorKind;
import io.jimg.ImageException;
import org.jspecify.annotations.Nullable;

/**
 * What file names say: a protocol before a colon, an absolute path, or a path relative to the image that holds the
 * name.
 */
public final class FileNames {
    /** What a name that holds a tree of options begins with. */
    public static final String JSON_PREFIX = "json:";

    private FileNames() {}

    /** What stands before the first colon, unless a slash comes earlier; null for a plain path. */
    public static @Nullable String protocolPrefix(String name) {
        for (int i = 0; i < name.length(); i++) {
            char c = name.charAt(i);
            if (c == '/') {
                return null;
            }
            if (c == ':') {
                return name.substring(0, i);
            }
        }
        return null;
    }

    /**
     * The name that {@code name} stands for when an image called {@code referrer} holds it.
     *
     * @throws ImageException {@link ErrorKind#UNSUPPORTED} for a relative name in an image whose own name has no folder
     */
    public static String resolve(String referrer, String name) throws ImageException {
        if (name.startsWith("/") || protocolPrefix(name) != null) {
            return name;
        }
        if (referrer.startsWith(JSON_PREFIX)) {
            throw new ImageException(
                    ErrorKind.UNSUPPORTED, "Cannot use relative backing file names for '" + referrer + "'");
        }
        return referrer.substring(0, referrer.lastIndexOf('/') + 1) + name;
    }
}
