package io.jimg.cli.arguments;

import io.jimg.OptionType;
import io.jimg.cli.process.CommandException;

/** Numbers on the command line: digits with a suffix of qemu-img's, within bounds. */
public final class SizeArgument {
    private SizeArgument() {}

    /**
     * The number that a word stands for, from 0 to 2^63-1.
     *
     * @param what what the number is, for the sentence ({@code image size})
     */
    public static long parse(String what, String word) throws CommandException {
        return parse(what, word, 0, Long.MAX_VALUE);
    }

    /**
     * The number that a word stands for which counts something: decimal, octal with a leading 0, hexadecimal with a
     * leading 0x, and without suffix.
     *
     * @param what what the number is, for the sentence ({@code count})
     * @param least the smallest value allowed
     * @param most the largest value allowed
     */
    public static long count(String what, String word, long least, long most) throws CommandException {
        String digits = word.stripLeading();
        long number;
        try {
            if (digits.startsWith("#")) {
                throw new NumberFormatException(digits);
            }
            number = Long.decode(digits);
        } catch (NumberFormatException unreadable) {
            if (OptionType.parseSize(digits) != OptionType.SIZE_TOO_LARGE) {
                throw new CommandException("Invalid " + what + " specified: '" + word + "'.");
            }
            number = Long.MIN_VALUE;
        }
        return inRange(what, number, least, most);
    }

    /**
     * The number that a word stands for.
     *
     * @param what what the number is, for the sentence ({@code image size})
     * @param least the smallest value allowed
     * @param most the largest value allowed
     */
    public static long parse(String what, String word, long least, long most) throws CommandException {
        long number = OptionType.parseSize(word);
        if (number == OptionType.SIZE_MALFORMED) {
            throw new CommandException("Invalid " + what + " specified: '" + word + "'.");
        }
        return inRange(what, number, least, most);
    }

    private static long inRange(String what, long number, long least, long most) throws CommandException {
        if (number < least || number > most) {
            throw new CommandException(
                    "Invalid " + what + " specified. Must be between " + least + " and " + most + '.');
        }
        return number;
    }
}
