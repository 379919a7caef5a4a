package io.jimg.cli.arguments;

import io.jimg.OptionType;
import io.jimg.cli.process.CommandException;
import java.math.BigInteger;

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
        if (number == OptionType.SIZE_TOO_LARGE || number < least || number > most) {
            throw new CommandException(
                    "Invalid " + what + " specified. Must be between " + least + " and " + most + '.');
        }
        return number;
    }

    /**
     * A number without suffix, from 0 to 2^63-1; as the C library reads them, with {@code 0x} hexadecimal and with
     * {@code 0} octal.
     */
    public static long parseCount(String what, String word) throws CommandException {
        BigInteger number;
        try {
            String digits = word.strip();
            boolean hexadecimal = digits.regionMatches(true, 0, "0x", 0, 2);
            boolean octal = !hexadecimal && digits.startsWith("0");
            number = new BigInteger(hexadecimal ? digits.substring(2) : digits, hexadecimal ? 16 : octal ? 8 : 10);
        } catch (NumberFormatException malformed) {
            throw new CommandException("Invalid " + what + " specified: '" + word + "'.");
        }
        if (number.signum() < 0 || number.bitLength() >= Long.SIZE) {
            throw new CommandException("Invalid " + what + " specified. Must be between 0 and " + Long.MAX_VALUE + '.');
        }
        return number.longValue();
    }
}
