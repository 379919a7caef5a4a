package io.jimg;

import java.math.BigInteger;
import java.util.Locale;
import java.util.function.Function;

/**
 * How an option's text becomes a value and back.
 *
 * @param <T> type of the value
 */
public interface OptionType<T> {

    /** What stands after the equals sign in help, such as {@code <size>}. */
    String placeholder();

    /**
     * Reads a value.
     *
     * @param name the option's name, for the sentence
     * @param text what the user wrote
     * @throws ImageException {@link ErrorKind#BAD_OPTION} with QEMU's sentence
     */
    T parse(String name, String text) throws ImageException;

    /** The text that {@link #parse} reads as {@code value}. */
    String print(T value);

    /** Any text. */
    OptionType<String> STRING = new OptionType<>() {
        @Override
        public String placeholder() {
            return "<str>";
        }

        @Override
        public String parse(String name, String text) {
            return text;
        }

        @Override
        public String print(String value) {
            return value;
        }
    };

    /**
     * {@code on} or {@code off}; {@code yes}, {@code true}, {@code y} and their opposites are read too, as QEMU does.
     */
    OptionType<Boolean> BOOL = new OptionType<>() {
        @Override
        public String placeholder() {
            return "<bool (on/off)>";
        }

        @Override
        public Boolean parse(String name, String text) throws ImageException {
            return switch (text) {
                case "on", "yes", "true", "y" -> true;
                case "off", "no", "false", "n" -> false;
                default ->
                    throw new ImageException(ErrorKind.BAD_OPTION, "Parameter '" + name + "' expects 'on' or 'off'");
            };
        }

        @Override
        public String print(Boolean value) {
            return value ? "on" : "off";
        }
    };

    /** A whole number, decimal, {@code 0x} hexadecimal or {@code 0} octal, from 0 to 2^63-1. */
    OptionType<Long> NUMBER = new OptionType<>() {
        @Override
        public String placeholder() {
            return "<num>";
        }

        @Override
        public Long parse(String name, String text) throws ImageException {
            try {
                long value = Long.decode(text);
                if (value >= 0 && !text.startsWith("#")) {
                    return value;
                }
            } catch (NumberFormatException notANumber) {
                throw new ImageException(ErrorKind.BAD_OPTION, "Parameter '" + name + "' expects a number", notANumber);
            }
            throw new ImageException(ErrorKind.BAD_OPTION, "Parameter '" + name + "' expects a number");
        }

        @Override
        public String print(Long value) {
            return Long.toString(value);
        }
    };

    /**
     * A number of bytes with an optional suffix B, K, M, G, T, P or E (powers of 1024) and an optional fraction, from 0
     * to 2^63-1.
     */
    OptionType<Long> SIZE = new OptionType<>() {
        @Override
        public String placeholder() {
            return "<size>";
        }

        @Override
        public Long parse(String name, String text) throws ImageException {
            long size = parseSize(text);
            if (size >= 0) {
                return size;
            }
            throw new ImageException(
                    ErrorKind.BAD_OPTION,
                    size == SIZE_TOO_LARGE
                            ? "Value '" + text + "' is out of range for parameter '" + name + "'"
                            : "Parameter '" + name + "' expects a non-negative number below 2^64\n"
                                    + "Optional suffix k, M, G, T, P or E means kilo-, mega-, giga-, tera-, peta-\n"
                                    + "and exabytes, respectively.");
        }

        @Override
        public String print(Long value) {
            return Long.toString(value);
        }
    };

    /** As {@link #SIZE}, but from 0 to 2^64-1; those from 2^63 on as the negative number of the same bits. */
    OptionType<Long> UNSIGNED_SIZE = new OptionType<>() {
        @Override
        public String placeholder() {
            return "<size>";
        }

        @Override
        public Long parse(String name, String text) throws ImageException {
            BigInteger size = SizeParser.read(text);
            return size != null && size.signum() > 0 && size.bitLength() == Long.SIZE
                    ? size.longValue()
                    : SIZE.parse(name, text);
        }

        @Override
        public String print(Long value) {
            return Long.toUnsignedString(value);
        }
    };

    /** What {@link #parseSize} answers for text that is no size. */
    long SIZE_MALFORMED = -1;

    /** What {@link #parseSize} answers for a size beyond 2^63-1. */
    long SIZE_TOO_LARGE = -2;

    /**
     * Reads a size as QEMU does: decimal digits with an optional fraction and an optional suffix B, K, M, G, T, P or E
     * in either case, or {@code 0x} and hexadecimal digits without suffix. A fraction of a byte is legal only as zeroes
     * ({@code 1.0}); one of a larger unit is rounded to whole bytes. White space may go before.
     *
     * @return bytes, {@link #SIZE_MALFORMED} or {@link #SIZE_TOO_LARGE}; the latter for negative whole numbers too
     */
    static long parseSize(String text) {
        return SizeParser.parse(text);
    }

    /**
     * One of an enum's constants, written in lower case with dashes.
     *
     * @param constants the values allowed
     */
    static <E extends Enum<E>> OptionType<E> choice(E[] constants) {
        return choice(
                constants, constant -> constant.name().toLowerCase(Locale.ROOT).replace('_', '-'));
    }

    /**
     * One of an enum's constants, written as {@code spelling} says.
     *
     * @param constants the values allowed
     */
    static <E extends Enum<E>> OptionType<E> choice(E[] constants, Function<E, String> spelling) {
        return new OptionType<>() {
            @Override
            public String placeholder() {
                return "<str>";
            }

            @Override
            public E parse(String name, String text) throws ImageException {
                for (E constant : constants) {
                    if (spelling.apply(constant).equals(text)) {
                        return constant;
                    }
                }
                throw new ImageException(
                        ErrorKind.BAD_OPTION, "Parameter '" + name + "' does not accept value '" + text + "'");
            }

            @Override
            public String print(E value) {
                return spelling.apply(value);
            }
        };
    }
}
