package io.jimg;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Values of {@link Option}s. Immutable; keeps the order in which they were set. */
public final class Options {
    private static final Options NONE = new Options(Map.of());

    private final Map<Option<?>, Object> values;

    private Options(Map<Option<?>, Object> values) {
        this.values = values;
    }

    /** No option set. */
    public static Options none() {
        return NONE;
    }

    /** One option set. */
    public static <T> Options of(Option<T> option, T value) {
        return NONE.with(option, value);
    }

    /** These and one more, which replaces an earlier value of the same option. */
    public <T> Options with(Option<T> option, T value) {
        Map<Option<?>, Object> copy = new LinkedHashMap<>(values);
        copy.put(option, Objects.requireNonNull(value));
        return new Options(Collections.unmodifiableMap(copy));
    }

    /** These without one. */
    public Options without(Option<?> option) {
        Map<Option<?>, Object> copy = new LinkedHashMap<>(values);
        copy.remove(option);
        return new Options(Collections.unmodifiableMap(copy));
    }

    /** The value that was set, else the option's default, which may be null. */
    @SuppressWarnings("unchecked") // with() is the only way in, and it pairs the types
    public <T> @Nullable T get(Option<T> option) {
        Object value = values.get(option);
        return value == null ? option.defaultValue() : (T) value;
    }

    /** As {@link #get} for an option that has a default. */
    public <T> T require(Option<T> option) {
        T value = get(option);
        if (value == null) {
            throw new IllegalArgumentException("option " + option.name() + " has no value and no default");
        }
        return value;
    }

    /** Whether a value was set. */
    public boolean has(Option<?> option) {
        return values.containsKey(option);
    }

    /** The options that were set, in order. */
    public Set<Option<?>> keys() {
        return values.keySet();
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof Options options && options.values.equals(values);
    }

    @Override
    public int hashCode() {
        return values.hashCode();
    }

    @Override
    public String toString() {
        return values.toString();
    }
}
