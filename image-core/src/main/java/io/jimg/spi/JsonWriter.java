package io.jimg.spi;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Writes documents as JSON, byte for byte as QEMU does: members in {@link KeyOrder}, everything outside printable ASCII
 * escaped.
 */
public final class JsonWriter {
    private static final int INDENT = 4;

    private final StringBuilder json = new StringBuilder();
    private final boolean pretty;

    private JsonWriter(boolean pretty) {
        this.pretty = pretty;
    }

    /**
     * On many lines, four spaces deeper at each level, without a line feed at the end.
     *
     * @param value a {@link Doc} value: a document, a list, a string, a number, a boolean or null
     */
    public static String pretty(@Nullable Object value) {
        JsonWriter writer = new JsonWriter(true);
        writer.write(value, 0);
        return writer.json.toString();
    }

    /** On one line, as in {@code json:{…}} names. */
    public static String oneLine(@Nullable Object value) {
        JsonWriter writer = new JsonWriter(false);
        writer.write(value, 0);
        return writer.json.toString();
    }

    private void write(@Nullable Object value, int depth) {
        if (value instanceof Doc document) {
            writeObject(document, depth);
        } else if (value instanceof List<?> list) {
            writeList(list, depth);
        } else if (value instanceof String text) {
            writeString(text);
        } else {
            json.append(value);
        }
    }

    private void writeObject(Doc document, int depth) {
        json.append('{');
        boolean first = true;
        for (Map.Entry<String, @Nullable Object> member : KeyOrder.sorted(document)) {
            separate(first, depth + 1);
            first = false;
            writeString(member.getKey());
            json.append(": ");
            write(member.getValue(), depth + 1);
        }
        newLine(depth);
        json.append('}');
    }

    private void writeList(List<?> list, int depth) {
        json.append('[');
        boolean first = true;
        for (Object item : list) {
            separate(first, depth + 1);
            first = false;
            write(item, depth + 1);
        }
        newLine(depth);
        json.append(']');
    }

    private void separate(boolean first, int depth) {
        if (!first) {
            json.append(pretty ? "," : ", ");
        }
        newLine(depth);
    }

    private void newLine(int depth) {
        if (pretty) {
            json.append('\n');
            for (int i = 0; i < depth * INDENT; i++) {
                json.append(' ');
            }
        }
    }

    private void writeString(String text) {
        json.append('"');
        for (int i = 0; i < text.length(); i++) {
            writeCharacter(text.charAt(i));
        }
        json.append('"');
    }

    private void writeCharacter(char c) {
        switch (c) {
            case '"' -> json.append("\\\"");
            case '\\' -> json.append("\\\\");
            case '\b' -> json.append("\\b");
            case '\f' -> json.append("\\f");
            case '\n' -> json.append("\\n");
            case '\r' -> json.append("\\r");
            case '\t' -> json.append("\\t");
            default -> {
                if (c < ' ' || c > '~') {
                    json.append("\\u");
                    for (int shift = 12; shift >= 0; shift -= 4) {
                        json.append("0123456789ABCDEF".charAt(c >> shift & 0xF));
                    }
                } else {
                    json.append(c);
                }
            }
        }
    }
}
