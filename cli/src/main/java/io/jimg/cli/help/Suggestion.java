package io.jimg.cli.help;

import java.util.Collection;
import org.jspecify.annotations.Nullable;

/** The word that was probably meant by one that is none. Loaded only where there is such a word. */
public final class Suggestion {
    /** Words that differ in more letters than these are not alike. */
    private static final int MOST_CHANGES = 2;

    private Suggestion() {}

    /** The word that is most like {@code typed}; null where none is like it. */
    public static @Nullable String of(String typed, Collection<String> words) {
        String best = null;
        int fewest = Math.min(MOST_CHANGES, typed.length() / 2) + 1;
        for (String word : words) {
            int changes = changes(typed, word);
            if (changes < fewest) {
                fewest = changes;
                best = word;
            }
        }
        return best;
    }

    /** The number of letters to insert, to drop, to replace, or of neighbours to exchange. */
    private static int changes(String from, String to) {
        int[][] table = new int[from.length() + 1][to.length() + 1];
        for (int i = 0; i <= from.length(); i++) {
            for (int j = 0; j <= to.length(); j++) {
                table[i][j] = i == 0 || j == 0 ? i + j : cheapest(table, from, to, i, j);
            }
        }
        return table[from.length()][to.length()];
    }

    private static int cheapest(int[][] table, String from, String to, int i, int j) {
        int replaced = table[i - 1][j - 1] + (from.charAt(i - 1) == to.charAt(j - 1) ? 0 : 1);
        int best = Math.min(replaced, 1 + Math.min(table[i - 1][j], table[i][j - 1]));
        boolean exchanged =
                i > 1 && j > 1 && from.charAt(i - 1) == to.charAt(j - 2) && from.charAt(i - 2) == to.charAt(j - 1);
        return exchanged ? Math.min(best, table[i - 2][j - 2] + 1) : best;
    }
}
