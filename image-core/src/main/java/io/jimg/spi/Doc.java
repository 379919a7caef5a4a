package io.jimg.spi;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A small ordered document: what results are turned into before a writer renders them as JSON or as text. Values are
 * {@link Doc}, {@link List}, {@link String}, {@link Long}, {@link Boolean} or null. A list holds the same kinds. Built
 * by one thread; not changed afterwards.
 */
public final class Doc {
    /** No members. */
    public static final Doc EMPTY = new Doc(Map.of());

    private final Map<String, @Nullable Object> members;

    private Doc(Map<String, @Nullable Object> members) {
        this.members = members;
    }

    /** A document to be filled with {@link #put}. */
    public static Doc create() {
        return new Doc(new LinkedHashMap<>());
    }

    /** Adds a member at the end, or replaces it in its place. */
    public Doc put(String key, @Nullable Object value) {
        if (!allowed(value)) {
            throw new IllegalArgumentException("no document value: " + value);
        }
        members.put(key, value instanceof Integer number ? Long.valueOf(number) : value);
        return this;
    }

    /** Adds a member unless its value is null. */
    public Doc putIfPresent(String key, @Nullable Object value) {
        return value == null ? this : put(key, value);
    }

    /** The members in order. */
    public Map<String, @Nullable Object> members() {
        return Collections.unmodifiableMap(members);
    }

    /** A member's value; null where there is none. */
    public @Nullable Object get(String key) {
        return members.get(key);
    }

    /** Whether there are no members. */
    public boolean isEmpty() {
        return members.isEmpty();
    }

    /** A list of documents, one for each item. */
    public static <T> List<Object> list(Iterable<T> items, java.util.function.Function<? super T, ?> view) {
        List<Object> list = new ArrayList<>();
        for (T item : items) {
            list.add(view.apply(item));
        }
        return list;
    }

    private static boolean allowed(@Nullable Object value) {
        return value == null
                || value instanceof Doc
                || value instanceof List
                || value instanceof String
                || value instanceof Long
                || value instanceof Integer
                || value instanceof Boolean;
    }

    @Override
    public String toString() {
        return members.toString();
    }
}
