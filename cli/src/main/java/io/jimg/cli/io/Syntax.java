package io.jimg.cli.io;

import org.jspecify.annotations.Nullable;

/**
 * How a command is called.
 *
 * @param name its name
 * @param alias a shorter name; null for none
 * @param least words that must follow at least, options included
 * @param most words that may follow at most; {@link #ANY} for any number
 * @param arguments what follows the name, as help writes it; null for nothing
 * @param summary what the command does, as one sentence without full stop
 */
record Syntax(
        String name,
        @Nullable String alias,
        int least,
        int most,
        @Nullable String arguments,
        String summary) {
    /** No limit to the number of words. */
    static final int ANY = -1;

    /** The line that help gives to the command, and that it prints where its words make no sense. */
    String line() {
        return name + (arguments == null ? "" : ' ' + arguments) + " -- " + summary;
    }

    /** Whether a word calls this command. */
    boolean isCalled(String word) {
        return word.equals(name) || word.equals(alias);
    }

    /** The complaint about a wrong number of words; null for a right one. */
    @Nullable
    String complaint(int words) {
        if (words >= least && (most == ANY || words <= most)) {
            return null;
        }
        String complaint = "bad argument count " + words + " to " + name + ", expected ";
        if (most == ANY) {
            return complaint + "at least " + least + " arguments";
        }
        return complaint + (least == most ? "" : "between " + least + " and ") + most + " arguments";
    }
}
