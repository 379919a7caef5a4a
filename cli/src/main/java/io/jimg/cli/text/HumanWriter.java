package io.jimg.cli.text;

import io.jimg.spi.Doc;
import io.jimg.spi.KeyOrder;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Writes documents as the text of {@code info}'s "Format specific information": a line for a member, deeper ones
 * indented, items numbered.
 */
public final class HumanWriter {
    private static final int INDENT = 4;

    private final StringBuilder text;

    private HumanWriter(StringBuilder text) {
        this.text = text;
    }

    /**
     * Appends a document, line feeds included.
     *
     * @param depth levels of indentation
     */
    public static void write(StringBuilder text, Doc document, int depth) {
        new HumanWriter(text).members(document, depth);
    }

    private void members(Doc document, int depth) {
        for (Map.Entry<String, @Nullable Object> member : KeyOrder.sorted(document)) {
            entry(member.getKey().replace('-', ' '), member.getValue(), depth);
        }
    }

    private void items(List<?> list, int depth) {
        int index = 0;
        for (Object item : list) {
            entry("[" + index++ + "]", item, depth);
        }
    }

    private void entry(String label, @Nullable Object value, int depth) {
        for (int i = 0; i < depth * INDENT; i++) {
            text.append(' ');
        }
        text.append(label).append(':');
        if (value instanceof Doc document) {
            text.append('\n');
            members(document, depth + 1);
        } else if (value instanceof List<?> list) {
            text.append('\n');
            items(list, depth + 1);
        } else {
            text.append(' ').append(value).append('\n');
        }
    }
}
