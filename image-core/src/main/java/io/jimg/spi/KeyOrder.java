package io.jimg.spi;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The order in which QEMU's tools write the members of an object: by the bucket of a hash table of 512 that each key
 * falls into under the hash of Samba's tdb. Programs should not depend on it, but people compare outputs, and so do
 * QEMU's own tests.
 */
public final class KeyOrder {
    private static final int BUCKETS = 512;

    private KeyOrder() {}

    /** A document's members in that order; those of one bucket stay as they were added. */
    public static List<Map.Entry<String, @Nullable Object>> sorted(Doc document) {
        List<Map.Entry<String, @Nullable Object>> members =
                new ArrayList<>(document.members().entrySet());
        members.sort(BY_BUCKET);
        return members;
    }

    private static final Comparator<Map.Entry<String, @Nullable Object>> BY_BUCKET = new Comparator<>() {
        @Override
        public int compare(Map.Entry<String, @Nullable Object> one, Map.Entry<String, @Nullable Object> other) {
            return Integer.compare(bucket(one.getKey()), bucket(other.getKey()));
        }
    };

    private static int bucket(String key) {
        byte[] bytes = key.getBytes(StandardCharsets.UTF_8);
        int value = 0x238F13AF * bytes.length;
        for (int i = 0; i < bytes.length; i++) {
            value += (bytes[i] & 0xFF) << (i * 5 % 24);
        }
        return Integer.remainderUnsigned(1103515243 * value + 12345, BUCKETS);
    }
}
