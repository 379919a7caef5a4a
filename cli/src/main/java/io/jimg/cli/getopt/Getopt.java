package io.jimg.cli.getopt;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Reads words as GNU {@code getopt_long} does: options and operands in any order, letters in clusters, an option's
 * argument glued on or in the next word, long names shortened as far as they stay unambiguous, {@code --} as the end of
 * options, a lone {@code -} as an operand.
 *
 * <p>The complaint about a wrong option quotes a word of the command line, and which one depends on how far the C
 * function has come in rearranging them; so this class rearranges a copy of the words in the same way.
 */
public final class Getopt {

    /** What to do with operands that come before options. */
    public enum Order {
        /** Options may follow operands. */
        PERMUTE,
        /** The first operand ends the options. */
        STOP_AT_OPERAND
    }

    private final List<OptionSpec> table;
    private final String[] words;
    private final Order order;
    private final Complaints complaints;

    /** Index of the next word to look at. */
    private int index = 1;

    /** The operands already passed by are {@code words[firstOperand..lastOperand)}. */
    private int firstOperand = 1;

    private int lastOperand = 1;

    /** Where in {@code words[index]} the next letter of a cluster stands; 0 when between words. */
    private int cluster;

    private @Nullable String argument;

    /**
     * A parser at its beginning.
     *
     * @param table the options
     * @param command the word before the first one to read: a program's or a command's name
     * @param words what follows it; not changed
     * @param order what to do with operands that come before options
     */
    public Getopt(List<OptionSpec> table, String command, List<String> words, Order order) {
        this(table, command, words, order, Complaints.BY_WORD);
    }

    /** A parser with other words for what makes no sense. */
    public Getopt(List<OptionSpec> table, String command, List<String> words, Order order, Complaints complaints) {
        this.table = table;
        this.complaints = complaints;
        this.words = new String[words.size() + 1];
        this.words[0] = command;
        for (int i = 0; i < words.size(); i++) {
            this.words[i + 1] = words.get(i);
        }
        this.order = order;
    }

    /**
     * The order that the environment asks for: POSIXLY_CORRECT, set to anything, ends options at the first operand.
     *
     * @param posixlyCorrect the variable's value; null if it is not set
     */
    public static Order order(@Nullable String posixlyCorrect) {
        return posixlyCorrect == null ? Order.PERMUTE : Order.STOP_AT_OPERAND;
    }

    /**
     * The next option's {@link OptionSpec#key()}; null when only operands are left.
     *
     * @throws UsageException for an option that the table does not have, or that lacks its argument or has one too many
     */
    public @Nullable String next() throws UsageException {
        argument = null;
        if (cluster == 0 && !findOption()) {
            return null;
        }
        if (cluster == 0) {
            return words[index].startsWith("--") ? longOption() : letterAt(1);
        }
        return letterAt(cluster);
    }

    /** The argument of the option that {@link #next()} returned last. */
    public String argument() {
        if (argument == null) {
            throw new IllegalStateException("the last option has no argument");
        }
        return argument;
    }

    /** The operands, in order; to be asked once {@link #next()} has returned null. */
    public List<String> operands() {
        return new ArrayList<>(Arrays.asList(words).subList(index, words.length));
    }

    /** Moves to the next word that is an option, if there is one, and otherwise to the first operand. */
    private boolean findOption() {
        if (order == Order.PERMUTE) {
            gatherOperands();
            while (index < words.length && isOperand(words[index])) {
                index++;
            }
            lastOperand = index;
        }
        if (index < words.length && words[index].equals("--")) {
            index++;
            gatherOperands();
            lastOperand = words.length;
            index = words.length;
        }
        if (index == words.length) {
            if (firstOperand != lastOperand) {
                index = firstOperand;
            }
            return false;
        }
        return !isOperand(words[index]);
    }

    /** Moves the operands passed by behind the options that were read since. */
    private void gatherOperands() {
        if (firstOperand == lastOperand) {
            firstOperand = index;
        } else if (lastOperand != index) {
            String[] operands = Arrays.copyOfRange(words, firstOperand, lastOperand);
            int options = index - lastOperand;
            System.arraycopy(words, lastOperand, words, firstOperand, options);
            System.arraycopy(operands, 0, words, firstOperand + options, operands.length);
            firstOperand += options;
        }
        lastOperand = index;
    }

    private static boolean isOperand(String word) {
        return word.length() < 2 || word.charAt(0) != '-';
    }

    private String longOption() throws UsageException {
        String word = words[index++];
        int equals = word.indexOf('=');
        String name = word.substring(2, equals < 0 ? word.length() : equals);
        OptionSpec option = findLong(name);
        if (option == null) {
            throw new UsageException(complaints.unknownName(word));
        }
        String fullName = String.valueOf(option.longName());
        if (equals >= 0 && !option.takesArgument()) {
            throw new UsageException(complaints.superfluous(word, fullName));
        }
        if (equals >= 0) {
            argument = word.substring(equals + 1);
        } else if (option.takesArgument()) {
            takeNextWord(complaints.missingOfName(word, fullName));
        }
        return option.key();
    }

    private @Nullable OptionSpec findLong(String name) {
        OptionSpec found = null;
        boolean ambiguous = false;
        for (OptionSpec option : table) {
            String longName = option.longName();
            if (longName != null && longName.startsWith(name)) {
                if (longName.equals(name)) {
                    return option;
                }
                ambiguous |= found != null;
                found = option;
            }
        }
        return ambiguous ? null : found;
    }

    private String letterAt(int position) throws UsageException {
        String word = words[index];
        char letter = word.charAt(position);
        boolean last = position + 1 == word.length();
        cluster = position + 1;
        if (last) {
            index++;
            cluster = 0;
        }
        OptionSpec option = findLetter(letter);
        if (option == null) {
            throw new UsageException(complaints.unknown(words[index - 1], letter));
        }
        if (option.takesArgument()) {
            if (last) {
                takeNextWord(complaints.missing(words[index - 1], letter));
            } else {
                argument = word.substring(position + 1);
                index++;
                cluster = 0;
            }
        }
        return option.key();
    }

    private @Nullable OptionSpec findLetter(char letter) {
        for (OptionSpec option : table) {
            if (option.letter() == letter && letter != 0) {
                return option;
            }
        }
        return null;
    }

    private void takeNextWord(String complaint) throws UsageException {
        if (index == words.length) {
            throw new UsageException(complaint);
        }
        argument = words[index++];
    }
}
