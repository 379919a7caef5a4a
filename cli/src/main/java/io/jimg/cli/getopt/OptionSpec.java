package io.jimg.cli.getopt;

import org.jspecify.annotations.Nullable;

/**
 * One option of a command: what the parser accepts and what help says of it.
 *
 * @param letter the short form's letter; 0 for none
 * @param longName the long form without its dashes; null for none
 * @param argument what help calls the argument; null for an option without one
 * @param help one sentence without full stop
 */
public record OptionSpec(
        char letter, @Nullable String longName, @Nullable String argument, String help) {

    /** An option without an argument that has only a letter. */
    public static OptionSpec flag(char letter, String help) {
        return new OptionSpec(letter, null, null, help);
    }

    /** An option without an argument that has only a long name. */
    public static OptionSpec flag(String longName, String help) {
        return new OptionSpec('\0', longName, null, help);
    }

    /** An option with an argument that has only a letter. */
    public static OptionSpec valued(char letter, String argument, String help) {
        return new OptionSpec(letter, null, argument, help);
    }

    /** An option with an argument that has only a long name. */
    public static OptionSpec valued(String longName, String argument, String help) {
        return new OptionSpec('\0', longName, argument, help);
    }

    /** The same option with a long name as well. */
    public OptionSpec or(String otherName) {
        return new OptionSpec(letter, otherName, argument, help);
    }

    /** What {@link Getopt#next()} answers for this option: its letter if it has one, else its long name. */
    public String key() {
        return letter == 0 && longName != null ? longName : String.valueOf(letter);
    }

    /** Whether an argument is demanded. */
    public boolean takesArgument() {
        return argument != null;
    }
}
