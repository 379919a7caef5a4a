package io.jimg.qcow2.image;

import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/**
 * What an image can do beyond a block device, by interface. Filled before the image is published; not changed
 * afterwards.
 */
final class Capabilities {
    private final Map<Class<?>, Object> byType = new HashMap<>();

    /** Adds one. */
    <T> Capabilities with(Class<T> type, T capability) {
        byType.put(type, capability);
        return this;
    }

    /** One of them. */
    <T> Optional<T> find(Class<T> type) {
        return Optional.ofNullable(type.cast(byType.get(type)));
    }
}
