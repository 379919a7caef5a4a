package io.jimg.qcow2.header;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Names of feature bits, so that who does not know a feature can name it (specification: "Feature name table"). */
public final class FeatureNameTable {
    private static final int ENTRY_LENGTH = 48;
    private static final int NAME_LENGTH = 46;

    private FeatureNameTable() {}

    /** The table of all features that have a name here, in the order of mask and bit. */
    public static HeaderExtension known() {
        List<Feature> features = new ArrayList<>();
        features.addAll(List.of(IncompatibleFeature.values()));
        features.addAll(List.of(CompatibleFeature.values()));
        features.addAll(List.of(AutoclearFeature.values()));
        ByteBuffer table = ByteBuffer.allocate(features.size() * ENTRY_LENGTH);
        for (Feature feature : features) {
            byte[] name = feature.featureName().getBytes(StandardCharsets.US_ASCII);
            table.put((byte) feature.maskType()).put((byte) feature.bit());
            table.put(name).position(table.position() + NAME_LENGTH - name.length);
        }
        return new HeaderExtension(HeaderExtension.FEATURE_NAMES, table.array());
    }

    /**
     * Bits in words: names from the table first, then what has none in one hexadecimal mask.
     *
     * @param table the extension; null where the image has none
     * @param maskType which mask the bits are of
     */
    static String describe(@Nullable HeaderExtension table, int maskType, long bits) {
        List<String> words = new ArrayList<>();
        long unnamed = bits;
        if (table != null) {
            ByteBuffer data = table.data();
            // The last entry may end with its name.
            for (int at = 0; at + ENTRY_LENGTH - NAME_LENGTH < data.limit(); at += ENTRY_LENGTH) {
                int bit = data.get(at + 1) & 0xFF;
                if (data.get(at) == maskType && bit < Long.SIZE && (unnamed & (1L << bit)) != 0) {
                    words.add(name(data, at + 2));
                    unnamed &= ~(1L << bit);
                }
            }
        }
        if (unnamed != 0) {
            words.add("Unknown incompatible feature: " + Long.toHexString(unnamed));
        }
        return String.join(", ", words);
    }

    private static String name(ByteBuffer data, int at) {
        byte[] bytes = new byte[Math.min(NAME_LENGTH, data.limit() - at)];
        data.get(at, bytes);
        int length = 0;
        while (length < bytes.length && bytes[length] != 0) {
            length++;
        }
        return new String(bytes, 0, length, StandardCharsets.UTF_8);
    }
}
