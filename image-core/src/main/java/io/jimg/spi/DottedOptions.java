package io.jimg.spi;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Options as text under dotted keys ({@code file.filename}, {@code backing.driver}): what {@code -o},
 * {@code --image-opts} and {@code json:} names flatten to before a {@link Schema} reads them. Immutable; keeps order.
 */
public final class DottedOptions {
    /** None. */
    public static final DottedOptions EMPTY = new DottedOptions(Map.of());

    private final Map<String, String> entries;

    private DottedOptions(Map<String, String> entries) {
        this.entries = entries;
    }

    /** A copy of a map from dotted key to text. */
    public static DottedOptions of(Map<String, String> entries) {
        return entries.isEmpty() ? EMPTY : new DottedOptions(new LinkedHashMap<>(entries));
    }

    /** The text under a key; null where there is none. */
    public @Nullable String get(String key) {
        return entries.get(key);
    }

    /** Whether there are none. */
    public boolean isEmpty() {
        return entries.isEmpty();
    }

    /** All entries in order. */
    public Map<String, String> entries() {
        return Collections.unmodifiableMap(entries);
    }

    /** These and one more. */
    public DottedOptions with(String key, String value) {
        Map<String, String> copy = new LinkedHashMap<>(entries);
        copy.put(key, value);
        return new DottedOptions(copy);
    }

    /** These without one key. */
    public DottedOptions without(String key) {
        Map<String, String> copy = new LinkedHashMap<>(entries);
        copy.remove(key);
        return new DottedOptions(copy);
    }

    /** Those under {@code child.}, with that prefix taken off. */
    public DottedOptions child(String child) {
        String prefix = child + ".";
        Map<String, String> inside = new LinkedHashMap<>();
        entries.forEach((key, value) -> {
            if (key.startsWith(prefix)) {
                inside.put(key.substring(prefix.length()), value);
            }
        });
        return of(inside);
    }

    /** Those that are neither {@code child} itself nor under {@code child.}. */
    public DottedOptions withoutChild(String child) {
        String prefix = child + ".";
        Map<String, String> outside = new LinkedHashMap<>();
        entries.forEach((key, value) -> {
            if (!key.startsWith(prefix) && !key.equals(child)) {
                outside.put(key, value);
            }
        });
        return of(outside);
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof DottedOptions options && options.entries.equals(entries);
    }

    @Override
    public int hashCode() {
        return entries.hashCode();
    }

    @Override
    public String toString() {
        return entries.toString();
    }
}
