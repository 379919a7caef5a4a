package io.jimg.vmdk.descriptor;

import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * A descriptor as lines, whatever their encoding: each byte of the file is one character here, so that what is not
 * changed is written back as it was. Immutable.
 *
 * <p>Keys are found without regard to case and to the white space around the equals sign, as VMware's products write
 * both {@code CID=} and {@code ddb.x = }.
 */
public final class DescriptorText {
    private static final Charset BYTES = StandardCharsets.ISO_8859_1;

    private final List<String> lines;
    private final String lineEnd;

    private DescriptorText(List<String> lines, String lineEnd) {
        this.lines = List.copyOf(lines);
        this.lineEnd = lineEnd;
    }

    /** The text in a file's bytes, up to the first zero byte. */
    public static DescriptorText of(byte[] bytes) {
        String text = new String(bytes, BYTES);
        int end = text.indexOf('\0');
        text = end < 0 ? text : text.substring(0, end);
        List<String> lines = new ArrayList<>(List.of(text.split("\r?\n", -1)));
        if (lines.get(lines.size() - 1).isEmpty()) {
            lines.remove(lines.size() - 1);
        }
        return new DescriptorText(lines, text.contains("\r\n") ? "\r\n" : "\n");
    }

    /** The lines, each byte a character. */
    public List<String> lines() {
        return lines;
    }

    /** The value of a key without its quotes, each byte a character; null where there is no such line. */
    public @Nullable String value(String key) {
        int index = indexOf(key);
        return index < 0 ? null : valueOf(lines.get(index));
    }

    /**
     * The same text with a key's value replaced where it stands, or in a line of its own after that of {@code after}.
     */
    public DescriptorText with(String key, String value, String after) {
        List<String> changed = new ArrayList<>(lines);
        int index = indexOf(key);
        if (index >= 0) {
            String line = changed.get(index);
            String before = line.substring(0, line.indexOf('=') + 1);
            String space = line.startsWith(" ", before.length()) ? " " : "";
            changed.set(index, before + space + value);
        } else {
            changed.add(indexOf(after) + 1, key + "=" + value);
        }
        return new DescriptorText(changed, lineEnd);
    }

    /** The same text without a key's line. */
    public DescriptorText without(String key) {
        int index = indexOf(key);
        if (index < 0) {
            return this;
        }
        List<String> changed = new ArrayList<>(lines);
        changed.remove(index);
        return new DescriptorText(changed, lineEnd);
    }

    /** The same text with one line replaced by others. */
    public DescriptorText withLines(int index, List<String> replacement) {
        List<String> changed = new ArrayList<>(lines);
        changed.remove(index);
        changed.addAll(index, replacement);
        return new DescriptorText(changed, lineEnd);
    }

    /** The bytes of the text; no zero byte follows. */
    public byte[] bytes() {
        StringBuilder text = new StringBuilder();
        for (String line : lines) {
            text.append(line).append(lineEnd);
        }
        return text.toString().getBytes(BYTES);
    }

    /** Text in an encoding as the characters that stand for its bytes here. */
    public static String encode(String text, Charset charset) {
        return new String(text.getBytes(charset), BYTES);
    }

    /** What characters that stand for bytes mean in an encoding. */
    static String decode(String characters, Charset charset) {
        return new String(characters.getBytes(BYTES), charset);
    }

    private int indexOf(String key) {
        for (int i = 0; i < lines.size(); i++) {
            if (key.toLowerCase(Locale.ROOT).equals(keyOf(lines.get(i)))) {
                return i;
            }
        }
        return -1;
    }

    /** The key of a line in lower case; null where it has none. */
    private static @Nullable String keyOf(String line) {
        String stripped = line.strip();
        int equals = stripped.indexOf('=');
        return equals <= 0 || stripped.startsWith("#")
                ? null
                : stripped.substring(0, equals).strip().toLowerCase(Locale.ROOT);
    }

    private static String valueOf(String line) {
        String value = line.substring(line.indexOf('=') + 1).strip();
        if (value.length() >= 2 && value.startsWith("\"")) {
            int end = value.indexOf('"', 1);
            return end < 0 ? value.substring(1) : value.substring(1, end);
        }
        return value;
    }
}
