package io.jimg.debug;

import java.util.EnumSet;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The kinds of requests that can be made to fail. */
enum RequestKind {
    READ,
    WRITE,
    WRITE_ZEROES,
    DISCARD,
    FLUSH,
    BLOCK_STATUS;

    /** What fails where a rule does not say. */
    static final Set<RequestKind> USUAL = EnumSet.range(READ, FLUSH);

    /** The kind of that name; null where there is none. */
    static @Nullable RequestKind find(String text) {
        for (RequestKind kind : values()) {
            if (kind.name().toLowerCase(Locale.ROOT).replace('_', '-').equals(text)) {
                return kind;
            }
        }
        return null;
    }
}
