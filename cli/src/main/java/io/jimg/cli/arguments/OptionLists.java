package io.jimg.cli.arguments;

import io.jimg.cli.process.CommandException;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Lists of {@code key=value} as {@code -o} takes them: separated by commas, where two commas stand for one inside a
 * value; a key alone means {@code key=on}, and {@code nokey} means {@code key=off}.
 */
public final class OptionLists {
    private OptionLists() {}

    /**
     * The list of an {@code -o} that follows others.
     *
     * @param earlier the list so far; null before the first
     * @throws CommandException if the list begins or ends with a comma, or is empty: joined to another it would change
     *     that one's meaning
     */
    public static String append(@Nullable String earlier, String list) throws CommandException {
        if (!isWhole(list)) {
            throw new CommandException("Invalid option list: " + list);
        }
        return earlier == null ? list : earlier + ',' + list;
    }

    private static boolean isWhole(String list) {
        if (list.isEmpty() || list.charAt(0) == ',') {
            return false;
        }
        int commas = 0;
        while (list.charAt(list.length() - 1 - commas) == ',') {
            commas++;
        }
        return commas % 2 == 0;
    }

    /** Whether one of the elements is {@code help} or {@code ?}. */
    public static boolean asksForHelp(String list) {
        int start = 0;
        while (start <= list.length()) {
            int end = endOfElement(list, start);
            String element = list.substring(start, end);
            if (element.equals("help") || element.equals("?")) {
                return true;
            }
            start = end + 1;
        }
        return false;
    }

    /**
     * The elements as keys and values, in the order of their first appearance; a repeated key keeps its last value.
     *
     * @param firstKey the key that a first element without one belongs to; null for none
     * @param shortForms what to do with keys that stand alone
     * @throws CommandException if {@code shortForms} says so
     */
    public static Map<String, String> parse(String list, @Nullable String firstKey, ShortForms shortForms)
            throws CommandException {
        Map<String, String> entries = new LinkedHashMap<>();
        int start = 0;
        while (start < list.length()) {
            int keyEnd = start;
            while (keyEnd < list.length() && list.charAt(keyEnd) != '=' && list.charAt(keyEnd) != ',') {
                keyEnd++;
            }
            String key = list.substring(start, keyEnd);
            int end = keyEnd;
            if (keyEnd < list.length() && list.charAt(keyEnd) == '=') {
                end = endOfElement(list, keyEnd + 1);
                entries.put(key, unescape(list.substring(keyEnd + 1, end)));
            } else if (start == 0 && firstKey != null) {
                end = endOfElement(list, 0);
                entries.put(firstKey, unescape(list.substring(0, end)));
            } else {
                boolean negated = key.startsWith("no");
                String name = negated ? key.substring(2) : key;
                String value = negated ? "off" : "on";
                shortForms.met(key, name + '=' + value);
                entries.put(name, value);
            }
            start = end + 1;
        }
        return entries;
    }

    private static String unescape(String value) {
        return value.replace(",,", ",");
    }

    /** Index of the single comma that ends the element, or the list's length. */
    private static int endOfElement(String list, int start) {
        int i = start;
        while (i < list.length()) {
            if (list.charAt(i) == ',') {
                if (i + 1 == list.length() || list.charAt(i + 1) != ',') {
                    return i;
                }
                i++;
            }
            i++;
        }
        return list.length();
    }
}
