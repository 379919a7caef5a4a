package io.jimg;

import io.jimg.device.ThrottleGroup;
import org.jspecify.annotations.Nullable;

/** Finds the group that a throttled image asks for by its id. */
@FunctionalInterface
public interface ThrottleGroups {

    /** No group is known. */
    ThrottleGroups NONE = id -> null;

    /** The group of that id, the same one each time; null where the id is unknown. */
    @Nullable
    ThrottleGroup find(String id);
}
